"""How likely an alert is to be confirmed, in words: where it is said, and what is never said."""

import json

import pytest

from streams.alert_text import alert_text
from tests.support.repository import ROOT

ALERT = (ROOT / "tests" / "golden" / "alert.json").read_bytes()


def page(lang: str = "en", **changed: object) -> str:
    """The golden alert as text, with these fields changed."""
    return alert_text.plain(alert_text.read_alert(json.dumps(json.loads(ALERT) | changed).encode()), lang=lang)


def test_the_chance_and_what_it_was_learned_from_are_said_in_both_languages() -> None:
    told = {"probability": 0.3449, "x_lessons": 1412}
    assert "investigators confirm about 34 of 100 such alerts (learned from 1,412 verdicts)" in page(**told)
    assert "이와 같은 경보는 100건 중 약 34건이 의심 확인으로 판정됩니다(판정 1,412건에서 학습)" in page("ko", **told)


def test_an_alert_without_a_chance_says_nothing_of_it() -> None:
    assert "of 100 such alerts" not in page()


@pytest.mark.parametrize(("probability", "said"), [(0.0, 1), (0.004, 1), (0.016, 2), (0.5, 50), (0.999, 100)])
def test_hundredths_are_rounded_and_never_none(probability: float, said: int) -> None:
    assert f"about {said} of 100 " in page(probability=probability, x_lessons=20)
