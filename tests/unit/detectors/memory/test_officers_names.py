"""An officer is one in every spelling of the name, and two officers are two whatever they call their verdicts."""

import json
import unicodedata

import msgspec
import pytest

from detectors.core import Notice
from detectors.memory.officers import Officers, officer_number
from streams.contracts.inputs import DISPOSITIONS, TRANSACTIONS
from streams.kafka import topics
from streams.settings import overlay_configuration
from tests.support.pipeline import DISPOSITION, TRANSACTION, Pipeline

OFFICER = "김민수 Kim"
DECOMPOSED = unicodedata.normalize("NFD", OFFICER)
SPELLINGS = [
    DECOMPOSED,
    OFFICER + " ",
    "김민수  KIM",
    "\u200b" + OFFICER,
    "김민수\u3000\uff2b\uff49\uff4d",
    "김\u00ad민수 kim\ufeff",
]


def alerted(**tables) -> tuple[Pipeline, dict[str, str]]:
    """A partition with one alert, and what a verdict on it says of alert and party."""
    pipeline = Pipeline(overlay_configuration(tables))
    outputs = pipeline.send(TRANSACTIONS, TRANSACTION | {"amount": "150000"})
    (alert,) = [json.loads(one.value) for one in outputs if one.topic == topics.ALERTS]
    return pipeline, {"alert_id": alert["alert_id"], "party": alert["party"]}


def verdict(pipeline: Pipeline, on: dict[str, str], event_id: str, officer: str, said: str = "refuted") -> str | None:
    """Why a verdict does not count, None where it does."""
    outputs = pipeline.send(
        DISPOSITIONS, DISPOSITION | on | {"event_id": event_id, "investigator": officer, "verdict": said}
    )
    notices = [one for one in outputs if one.topic == topics.NOTICES]  # a verdict that counts tells a lesson too
    codes = [msgspec.json.decode(one.value, type=Notice).code for one in notices]
    return codes[0] if codes else None


def kept(pipeline: Pipeline) -> list[str]:
    return [one.verdict for one in pipeline.party().verdicts]


@pytest.mark.parametrize("spelled", SPELLINGS, ids=ascii)
def test_one_officer_in_two_spellings_has_one_opinion(spelled):
    """The same again is a repetition, another one replaces the first."""
    pipeline, alert = alerted()
    assert verdict(pipeline, alert, "v1", OFFICER) is None
    assert verdict(pipeline, alert, "v2", spelled) == "verdict.repeated"
    assert verdict(pipeline, alert, "v3", spelled, "confirmed") is None
    assert kept(pipeline) == ["confirmed"]


@pytest.mark.parametrize("spelled", SPELLINGS, ids=ascii)
def test_a_listed_officer_counts_however_the_list_or_the_record_spells_the_name(spelled):
    pipeline, alert = alerted(admission={"officers": [spelled]})
    assert verdict(pipeline, alert, "v1", OFFICER) is None
    assert verdict(pipeline, alert, "v2", "김민") == "verdict.unknown_officer"


def test_names_that_differ_are_two_officers():
    """One letter, a blank between, a hyphen: what people read as two names is two."""
    numbers = {officer_number(name) for name in ("Kim Min-su", "Kim Min su", "Kim Minsu", "Kim Min-soo", "I-1", "I-11")}
    assert len(numbers) == 6
    officers = Officers()
    officers.list(["Kim Min-su"])
    assert officers.may_judge(officer_number("KIM MIN-SU "))
    assert not officers.may_judge(officer_number("Kim Min su"))


def test_two_officers_may_count_their_verdicts_alike():
    """Each desk begins at 1: the second officer's was a conflict, and what it said was in nobody's sight."""
    pipeline, alert = alerted()
    assert verdict(pipeline, alert, "1", "I-1", "refuted") is None
    assert verdict(pipeline, alert, "1", "I-2", "confirmed") is None
    assert kept(pipeline) == ["refuted", "confirmed"]


def test_an_officers_own_number_stands_for_one_verdict():
    """Sent again it is a duplicate; another one under the same number is a conflict."""
    pipeline, alert = alerted()
    assert verdict(pipeline, alert, "1", "I-1") is None
    assert verdict(pipeline, alert, "1", "I-1") is None
    assert pipeline.state.counters["duplicates"] == 1
    assert verdict(pipeline, alert, "1", "I-1", "confirmed") == "event.conflict"
    assert verdict(pipeline, alert, "1", "i-1 ", "confirmed") == "event.conflict"
    assert kept(pipeline) == ["refuted"]
