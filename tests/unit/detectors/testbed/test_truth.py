"""What a truth file's lines say, and every fault that keeps them from being judged by."""

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from detectors.testbed.truth import Case, Expected, Fault, Lookalike, Regime, TruthFaultsError, decode_truth

WHEN = "2026-01-05T09:00:00+09:00"
GOOD = {
    "kind": "case",
    "case_id": "T01-0001",
    "typology": "T01",
    "variant": "slow",
    "party_id": "p",
    "event_ids": ["e", "f"],
    "first_event_time": WHEN,
    "last_event_time": WHEN,
}

NO_ZONE = "a time has no zone; got: {} to {}; expected: such as 2026-01-05T09:00:00+09:00"


def line(**more: Any) -> bytes:
    """A good case's line with other fields."""
    return json.dumps({**GOOD, **more}).encode()


def faults(*lines: bytes) -> list[Fault]:
    """What is wrong with these lines."""
    with pytest.raises(TruthFaultsError) as told:
        decode_truth(lines)
    assert str(told.value) == "; ".join(str(one) for one in told.value.faults)
    return list(told.value.faults)


def test_every_kind_of_line_is_told_apart() -> None:
    """Cases, look-alikes and regimes in the file's order; the rest is counted, or of no use to a judge."""
    other = [
        {"kind": "lookalike", "lookalike": "rent", "party_id": "q", "resembles": "T01"},
        {"kind": "regime", "name": "growth", "day": 20, "party_ids": ["q"]},
        *[{"kind": "bad", "code": "not_json"}] * 2,
        *[{"kind": "resend", "event_id": "e"}] * 3,
        *[{"kind": "conflict", "event_id": "e"}] * 4,
        {"kind": "left_out", "typology": "T09", "reason": "no room"},
        {"kind": "totals", "records": 100},
    ]
    truth = decode_truth([line(case_id="T01-0002"), b"  \n", *(json.dumps(one).encode() for one in other), line()])
    assert [case.case_id for case in truth.cases] == ["T01-0002", "T01-0001"]
    assert truth.lookalikes == (Lookalike(lookalike="rent", party_id="q", resembles="T01"),)
    assert truth.regimes == (Regime(name="growth", day=20, party_ids=("q",)),)
    assert (truth.bad, truth.resends, truth.conflicts) == (2, 3, 4)


def test_a_case_as_it_stands_in_the_file() -> None:
    """Every field of a line, and what follows where it is silent: its party, its typology, no amount of its own."""
    (case,) = decode_truth([line()]).cases
    when = datetime(2026, 1, 5, 9, tzinfo=timezone(timedelta(hours=9)))
    assert case == Case(
        case_id="T01-0001",
        typology="T01",
        variant="slow",
        party_id="p",
        event_ids=("e", "f"),
        first_event_time=when,
        last_event_time=when,
    )
    assert (case.parties, case.illicit_cents, case.rightly) == (("p",), None, Expected(("T01",)))


def test_what_a_case_may_say_beside() -> None:
    """Others involved, an amount, an event at which a rule is due, and what may rightly be the reason."""
    (case,) = decode_truth(
        [line(party_ids=["q", "r"], illicit_usd="12.34", due_event_id="f", expected={"features": ["sum_7d"]})]
    ).cases
    assert (case.parties, case.illicit_cents, case.due_event_id) == (("p", "q", "r"), 1234, "f")
    assert case.rightly == Expected((), ("sum_7d",))
    (named,) = decode_truth([line(party_ids=["q", "p"])]).cases
    assert named.parties == ("q", "p")


@pytest.mark.parametrize("amount", ["0", "0.5", "1"])
def test_amounts_of_nothing_or_more(amount: str) -> None:
    """Nothing at all is an amount, and so is half a dollar."""
    assert decode_truth([line(illicit_usd=amount)]).cases[0].illicit_cents == round(float(amount) * 100)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"typology": "T1"}, "typology is none; got: 'T1'; expected: such as 'T04'"),
        ({"typology": "T041"}, "typology is none; got: 'T041'; expected: such as 'T04'"),
        ({"event_ids": []}, "event_ids is empty; expected: at least one event"),
        (
            {"first_event_time": "2026-01-05T08:00:00"},
            NO_ZONE.format("2026-01-05 08:00:00", "2026-01-05 09:00:00+09:00"),
        ),
        (
            {"last_event_time": "2026-01-05T10:00:00"},
            NO_ZONE.format("2026-01-05 09:00:00+09:00", "2026-01-05 10:00:00"),
        ),
        (
            {"last_event_time": "2026-01-05T08:59:59+09:00"},
            "the last event is before the first; got: 2026-01-05 09:00:00+09:00 to 2026-01-05 08:59:59+09:00",
        ),
        *[
            (
                {"illicit_usd": amount},
                f"illicit_usd is no amount; got: {amount!r}; expected: a decimal string of 0 or more",
            )
            for amount in ("much", "-0.01", "NaN", "Infinity", "-Infinity")
        ],
        ({"due_event_id": "z"}, "due_event_id is none of its events; got: 'z'"),
    ],
)
def test_a_fault_of_a_case_is_told_as_it_is(more: dict[str, Any], told: str) -> None:
    """One fault, on its line, with what was got."""
    assert faults(line(case_id="T01-0002"), line(**more)) == [Fault(2, told)]


def test_every_fault_of_every_line_is_told() -> None:
    """No JSON, an unknown kind, a missing field, no text at all, an id used twice; empty lines are passed over."""
    told = faults(
        line(),
        b"",
        b"{",
        b'{"kind":"casus"}',
        b'{"kind":"lookalike"}',
        b'{"kind":"\xff"}',
        line(),
        line(),
        line(case_id="T01-0002", typology="", event_ids=[]),
    )
    assert [one.line for one in told] == [3, 4, 5, 6, 7, 8, 9, 9]
    assert told[0].message.startswith("Input data was truncated")
    assert "casus" in told[1].message
    assert "`lookalike`" in told[2].message
    again = "case_id 'T01-0001' stands on line 1 too; expected: an id of its own"
    assert [str(one) for one in told[4:6]] == [f"line 7: {again}", f"line 8: {again}"]


def test_a_truth_of_nothing_is_a_fault_of_the_whole_file() -> None:
    """A file without any entry cannot be judged by; its fault has no line."""
    (fault,) = faults(b"\n")
    assert fault.line == 0
    assert str(fault) == "it holds no entry; expected: one JSON object a line, told apart by `kind`"
    assert faults() == [fault]
