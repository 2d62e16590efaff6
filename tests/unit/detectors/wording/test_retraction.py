"""What an alert says that takes another one back."""

from typing import get_args

import pytest

from detectors.wording.retraction import Cause, remainder, remainder_ko, retraction, retraction_ko


def test_it_says_what_took_it_back_and_what_is_left():
    """In whole sentences of both languages."""
    assert retraction("Cap reached", "returned", 120_000_00, 90_000_00) == (
        "Cap reached: taken back. After a return of a payment, what is left does not meet the rule any more. "
        "The alert rested on 120,000.00 USD, of which 90,000.00 USD is left."
    )
    korean = retraction_ko("한도 초과", "returned", 120_000_00, 90_000_00)
    assert korean.startswith(
        "한도 초과: 경보를 철회합니다. 송금 반환 이후 남은 내역은 더 이상 요건에 해당하지 않습니다."
    )
    assert "120,000" in korean
    assert "90,000" in korean
    assert remainder("Cap reached", 100).startswith("Cap reached: this finding stands. It rests on 1.00 USD,")
    assert remainder_ko("한도 초과", 100).startswith("한도 초과: 이 항목은 유지됩니다.")


@pytest.mark.parametrize("cause", get_args(Cause))
def test_every_cause_has_words_in_both_languages(cause):
    """None is left out."""
    assert retraction("A", cause, 1, 0) != retraction_ko("A", cause, 1, 0)
