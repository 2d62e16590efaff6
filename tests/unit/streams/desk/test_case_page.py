"""One case whole: its alerts in order, what changed, verdicts with reasons, snoozes; in words and for machines."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import command
from streams.desk import case_page, party_history
from streams.desk.case_page import AlertChange, changes_of, only_case, require_case
from streams.errors import AlertNotFoundError, UsageError
from streams.kafka import topics
from tests.support.desk_records import disposition, payment, record
from tests.support.korean import foreign_words
from tests.support.read_topics import hold
from tests.unit.streams.desk.test_case_list import ANN, BEN, CAT, LATER, START, T01, T03, alert, head, stored

CASE, RING, OTHER = (f"case-{digit * 24}" for digit in "abc")


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], list[Any]]:
    """Ann's series of two, both judged, and a snooze on it; a ring that is one with it by her later token; Cat's case.

    The reasons of verdicts are given: they stand on another topic.
    """
    grown = alert(2, CASE, 1, ANN, status="updated", supersedes=f"{1:032x}", severity="high", typologies=[T01, T03])
    snooze = disposition(
        alert_id=f"{2:032x}",
        party=ANN,
        event_id="desk-3",
        identity="9" * 32,
        verdict="inconclusive",
        snooze_until=START + timedelta(days=90),
        snooze_typology="T01",
    )
    held: dict[tuple[str, int], list[Any]] = {
        (topics.ALERTS, 0): [
            stored(alert(1, CASE, 0, ANN), 0),
            stored(grown, 1),
            stored(alert(4, OTHER, 2, CAT), 2),
        ],
        (topics.ALERTS, 1): [stored(alert(3, RING, 4, BEN, LATER), 0)],
        (topics.LEDGER, 0): [
            record(payment(4, party=LATER, previous={LATER: ANN}), 4),
            record(disposition(alert_id=f"{1:032x}", party=ANN), 9),
            record(disposition(alert_id=f"{2:032x}", party=ANN, event_id="desk-2", identity="8" * 32), 10),
            record(snooze, 11),
        ],
    }
    hold(monkeypatch, held, {topics.ALERTS: 2})
    monkeypatch.setattr(party_history, "read_begun_partitions", lambda _: 1)

    async def reasons(_: Any, given: Any) -> dict[tuple[int, int], str]:
        return {(one.partition, one.offset): f"papers of {one.event_id}" for one in given}

    monkeypatch.setattr(case_page, "read_reasons", reasons)
    return held


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["cases", "show", *arguments], catch_exceptions=False)


def test_the_page_tells_the_alerts_in_order_and_what_changed(day: Any):
    told = ran(RING[:12]).stdout
    lines = [line.strip() for line in told.splitlines()]
    assert lines[0] == f"CASE  {CASE}  open"
    places = [told.index(f"{number:032x}"[:12]) for number in (1, 2, 3)]
    assert len(set(places)) == 1, "ids of this test begin alike"
    when = [line.split("KST")[0] for line in lines if line.startswith(("* ", "- "))][:3]
    assert when == ["- 2026-04-01 12:00:00 ", "* 2026-04-02 12:00:00 ", "* 2026-04-05 12:00:00 "]
    assert (
        "since 000000000000: severity MEDIUM -> HIGH; amount 1,000.00 USD -> 2,000.00 USD; found T01 -> T01, T03"
    ) in lines
    assert "Reason: papers of desk-1" in lines
    assert "Reason: papers of desk-2" in lines
    assert any(line.startswith("- T01 rests until 2026-06-30 12:00:00 KST, by I-17") for line in lines)
    assert f"One with        {RING}" in lines
    assert "finding of guilt" in lines[-1]
    assert CAT not in told


def test_in_korean_there_is_no_english(day: Any):
    told = ran(CASE, "--lang", "ko").stdout
    assert f"사안  {CASE}  미처리" in told
    assert "심각도 보통 -> 높음" in told
    assert foreign_words(told.replace("papers of desk", "").replace("I-17", "")) == []


def test_for_machines(day: Any):
    told = json.loads(ran(CASE, "--json").stdout)
    assert (told["case_id"], told["cases"], told["published"]) == (CASE, [CASE, RING], 3)
    assert [(one["alert_id"][-1], one["current"]) for one in told["history"]] == [
        ("1", False),
        ("2", True),
        ("3", True),
    ]
    assert [change["field"] for change in told["history"][1]["changes"]] == ["severity", "amount", "typologies"]
    assert told["history"][0]["changes"] is None
    assert [one["reason"] for one in told["history"][1]["verdicts"]] == ["papers of desk-2"]
    assert [one["typology"] for one in told["snoozes"]] == ["T01"]
    assert told["states"] == {"open": 1, "disposed": 1}


def test_who_may_not_read_the_ledger_sees_the_alerts_of_the_case_alone(day: Any, monkeypatch: pytest.MonkeyPatch):
    hold(monkeypatch, day, {topics.ALERTS: 2}, denied=[topics.LEDGER])
    told = ran(CASE).stdout
    assert told.startswith(f"CASE  {CASE}  not known")
    assert "verdicts are not known" in told
    assert RING not in told
    assert [one["verdicts"] for one in json.loads(ran(CASE, "--json").stdout)["history"]] == [None, None]


def test_of_very_many_alerts_the_newest_are_shown_and_it_is_said(day: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(case_page, "MOST_ALERTS", 2)
    told = ran(CASE).stdout
    assert "only the newest 2 of 3 are shown" in told
    assert "2026-04-01 12:00:00 KST  raised" not in told


def test_where_all_that_are_held_were_brought_up_to_date_the_newest_stands_for_the_case():
    """Those that did so are dated earlier: a payment came late, and the case has more alerts than are held."""
    held = [head(number, CASE, number, ANN) for number in (1, 2)]
    told = case_page.summarize((CASE,), held, frozenset(), None)
    assert (told.alerts, told.changed, told.began) == (1, held[1].created_for, held[0].created_for)


def test_only_what_changed_is_told():
    before, after = head(1, CASE, 0, ANN), head(1, CASE, 1, ANN, evidence_total=9, desk="supervision")
    assert changes_of(before, before) == []
    assert changes_of(before, after) == [
        AlertChange("records", before.evidence_total, 9),
        AlertChange("desk", "customs", "supervision"),
    ]
    ring = head(1, CASE, 1, ANN, BEN, amount_usd=None)
    assert [(one.field, one.after) for one in changes_of(before, ring)] == [
        ("amount", (None, before.amount_krw)),
        ("parties", 2),
    ]


@pytest.mark.parametrize("text", ["", "abcd", "case-", "case-12", "case-xyzw", "case-" + "a" * 25])
def test_what_is_no_id_is_refused(text: str):
    with pytest.raises(UsageError, match="case- and 4 to 24 hex digits"):
        require_case(text)


def test_a_beginning_must_fit_one_case_only():
    cases = [CASE, RING, "case-abcd" + "0" * 20]
    assert only_case(require_case(f" {CASE[:12].upper()} "), cases) == CASE
    with pytest.raises(UsageError, match="several cases"):
        only_case("case-a", cases)
    with pytest.raises(AlertNotFoundError, match="case-dddd"):
        only_case("case-dddd", cases)
