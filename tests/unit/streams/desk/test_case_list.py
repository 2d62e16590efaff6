"""The list of cases: what became of each, which are one, which are asked for, and the command on given topics."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams.cli import command
from streams.desk import party_history
from streams.desk.alert_heads import Current, Head, read_head
from streams.desk.case_list import CaseCollection, CaseQuery, CaseSummary, ListedCases, summary_of
from streams.desk.listing import AlertRow
from streams.desk.rotated_names import RotatedNames
from streams.desk_text import case_text
from streams.errors import UsageError
from streams.kafka import topics
from tests.support.desk_records import SEOUL, disposition, payment, record
from tests.support.korean import foreign_words
from tests.support.read_topics import Stored, hold
from tests.support.repository import ROOT

ANN, BEN, CAT = (f"k1.0a{number}." + str(number) * 32 for number in (1, 2, 3))
LATER = "k2.0a1." + "9" * 32
START = datetime(2026, 4, 1, 3, tzinfo=UTC)
T01 = {"id": "T01", "name": "Split remittance under the document line / 증빙면제 한도 이하 분할송금"}
T03 = {"id": "T03", "name": "Fan-in, fan-out, borrowed names / 차명·분산 송금"}
ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
ALERT |= {"typologies": [T01], "supersedes": None, "status": "raised", "severity": "medium", "desk": "customs"}


def alert(number: int, case: str, day: float, party: str, *others: str, **changed: Any) -> dict[str, Any]:
    """An alert so many days after the start; `others` are residents that share a device with the party."""
    told = ALERT | {"alert_id": f"{number:032x}", "case_id": case, "party": party, "parties": [party, *others]}
    told |= {"created_for": (START + timedelta(days=day)).isoformat(), "amount_usd": f"{number}000.00"}
    told |= {"position": {"topic": topics.LEDGER, "partition": 0, "offset": number}}
    if others:
        told |= {"x_shared": {"kind": "device", "token": "k1.777." + "d" * 32}}
    return told | changed


def head(*told: Any, **changed: Any) -> Head:
    return read_head(json.dumps(alert(*told, **changed)).encode())


def row(one: Head, *standing: Any) -> AlertRow:
    return AlertRow(Current(one, 0), standing)


def listed(*heads: Head, names: RotatedNames | None = None, desk: Any = None, **asked: Any) -> ListedCases:
    found = CaseCollection(30)
    for one in heads:
        found.joined.add(one)
        found.add(row(one))
    return found.listed(CaseQuery(**asked), names or RotatedNames(), desk)


def ids(found: ListedCases) -> list[str]:
    return [one.case_id for one in found.rows]


RESTS = {"until": "2026-06-30T15:00:00Z", "offset": 7, "legal_line": False}


@pytest.mark.parametrize(
    ("changed", "standing", "state"),
    [
        ({}, (), "open"),
        ({}, ("verdict",), "disposed"),
        ({}, None, "unknown"),
        ({"snoozed": RESTS}, (), "resting"),
        ({"snoozed": RESTS | {"legal_line": True}}, (), "open"),
        ({"snoozed": RESTS}, ("verdict",), "disposed"),
        ({"status": "retracted"}, (), "retracted"),
    ],
)
def test_what_became_of_a_case_of_one_alert(changed: Any, standing: Any, state: str):
    """As the list of alerts says; what is open and rests is told apart."""
    assert summary_of(AlertRow(Current(head(1, "case-a", 0, ANN, **changed), 0), standing)).state == state


def test_a_case_is_open_as_long_as_one_of_its_alerts_is():
    """Whatever the order: counts, the span of amounts and times, the most severe, every typology and desk."""
    heads = [
        head(2, "case-a", 3, ANN, severity="high", desk="supervision", typologies=[T03]),
        head(7, "case-a", 1, ANN, snoozed=RESTS),
        head(5, "case-a", 2, ANN, typologies=[], amount_usd=None, status="retracted"),
    ]
    for some in permutations(heads):
        (one,) = listed(*some).rows
        assert (one.state, one.states, one.alerts) == ("open", {"open": 1, "resting": 1, "retracted": 1}, 3)
        assert (one.began, one.changed) == (START + timedelta(days=1), START + timedelta(days=3))
        assert (one.least, one.most, one.worst) == (Decimal(2000), Decimal(7000), "high")
        assert [each for each, _ in one.found] == ["T01", "T03", "anomaly"]
        assert one.desks[0] == "supervision"
        assert set(one.desks) == {"supervision", "customs"}
        assert one.until == datetime(2026, 6, 30, 15, tzinfo=UTC)


def test_the_open_ones_come_first_and_the_newest_change_first():
    found = listed(
        head(1, "case-closed", 9, ANN, status="retracted"),
        head(2, "case-old", 1, BEN),
        head(3, "case-new", 2, CAT),
        head(4, "case-rests", 10, LATER, snoozed=RESTS),
    )
    assert ids(found) == ["case-new", "case-old", "case-rests", "case-closed"]
    some = listed(*(head(n, f"case-{n}", n, f"k1.0a1.{n:032x}") for n in range(1, 9)), most=2)
    assert (ids(some), some.total) == (["case-8", "case-7"], 8)


def test_cases_with_a_resident_in_common_are_one():
    """The one that began first names it; the residents of all are its parties, and the shared thing is told."""
    ring = head(2, "case-ring", 5, BEN, ANN, CAT)
    (one,) = listed(head(1, "case-ann", 0, ANN), ring).rows
    assert one.cases == ("case-ann", "case-ring")
    assert one.parties == (BEN, ANN, CAT)
    assert [thing.kind for thing in one.things] == ["device"]
    assert (one.alerts, [each for each, _ in one.found]) == (2, ["T01"])


def test_they_are_one_over_a_rotation_of_keys_and_found_by_either_token():
    names = RotatedNames({ANN, LATER})
    names.take(record(payment(party=LATER, previous={LATER: ANN})))
    heads = [head(1, "case-ann", 0, ANN), head(2, "case-ring", 5, BEN, LATER)]
    assert ids(listed(*heads)) == ["case-ring", "case-ann"]
    for asked in (ANN, LATER, BEN):
        (one,) = listed(*heads, names=names, parties=frozenset({asked})).rows
        assert one.cases == ("case-ann", "case-ring")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["case-ring", "case-cat"]),
        ({"since": START + timedelta(days=5)}, ["case-ring"]),
        ({"since": START + timedelta(days=5, seconds=1)}, []),
        ({"typology": "T03"}, ["case-ring"]),
        ({"typology": "T02"}, []),
        ({"parties": frozenset({ANN})}, ["case-ring"]),
        ({"parties": frozenset({CAT, "k1.0a9." + "0" * 32})}, ["case-cat"]),
        ({"state": "open"}, ["case-ring"]),
        ({"state": "closed"}, ["case-cat"]),
        ({"desk": frozenset({"case-cat"})}, ["case-cat"]),
    ],
    ids=lambda one: "-".join(one) if isinstance(one, dict) else None,
)
def test_conditions(asked: dict[str, Any], found: list[str]):
    """Each by itself."""
    heads = [head(1, "case-ring", 5, BEN, ANN, typologies=[T01, T03]), head(2, "case-cat", 2, CAT, status="retracted")]
    assert ids(listed(*heads, **asked)) == found


def test_a_third_party_of_the_monitors_alert_is_no_party_of_the_case():
    (one,) = listed(head(1, "case-ann", 0, ANN, parties=[CAT])).rows
    assert one.parties == (ANN,)


def test_rows_in_both_languages_and_for_machines():
    (one,) = listed(head(1, "case-" + "a" * 24, 0, ANN, BEN), head(2, "case-" + "a" * 24, 3, ANN, BEN)).rows
    english, korean = case_text.cells(one, SEOUL, "en"), case_text.cells(one, SEOUL, "ko")
    assert english[:2] == ["open", "2026-04-04 12:00:00 KST"]
    assert english[3:7] == [
        "T01 Split remittance under the document line",
        "2",
        "1,000.00 USD to 2,000.00 USD",
        "customs",
    ]
    assert english[7] == f"{ANN} and 1 more"
    assert korean[0] == "미처리"
    assert korean[5:8] == ["미화 1,000.00달러 ~ 미화 2,000.00달러", "관세(customs)", f"{ANN} 외 1인"]
    assert foreign_words(" ".join([*korean, *case_text.columns(SEOUL, "ko")])) == []
    told = case_text.row_json(one)
    assert (told["parties"], told["alerts"], told["states"]) == ([ANN, BEN], 2, {"open": 2})
    assert (told["amount_usd_least"], told["amount_usd_most"]) == ("1000.00", "2000.00")
    assert json.loads(json.dumps(told)) == told


def test_a_row_says_what_is_open_what_rests_and_what_was_not_converted():
    (some,) = listed(head(1, "case-a", 0, ANN), head(2, "case-a", 1, ANN, status="retracted")).rows
    assert case_text.count(some, "en") == "2, open 1"
    (rests,) = listed(head(1, "case-a", 0, ANN, snoozed=RESTS, amount_usd=None)).rows
    assert case_text.state(rests, SEOUL, "en") == "rests until 2026-07-01 00:00:00 KST"
    assert case_text.amounts(rests, "en") == "not converted"
    assert foreign_words(case_text.state(rests, SEOUL, "ko")) == []


def test_what_a_case_names_is_bounded():
    one = summary_of(row(head(1, "case-a", 0, ANN, BEN)))
    for number in range(100):
        one = one.with_other(summary_of(row(head(2, "case-a", 1, f"k1.0b1.{number:032x}", BEN))))
    assert isinstance(one, CaseSummary)
    assert len(one.parties) == 64


def stored(told: dict[str, Any], offset: int) -> Stored:
    return Stored(offset, told["party"].encode(), json.dumps(told).encode())


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], list[Any]]:
    """A series of Ann's, under an old and a new token, of which the newest is judged; a ring; what is no alert."""
    held: dict[tuple[str, int], list[Any]] = {
        (topics.ALERTS, 0): [
            stored(alert(1, "case-ann", 0, ANN), 0),
            stored(alert(2, "case-ann", 1, ANN, status="updated", supersedes=f"{1:032x}"), 1),
            Stored(2, b"x", b"no alert"),
        ],
        (topics.ALERTS, 1): [stored(alert(3, "case-ring", 4, BEN, LATER), 0)],
        (topics.LEDGER, 0): [
            record(payment(4, party=LATER, previous={LATER: ANN}), 4),
            record(disposition(alert_id=f"{2:032x}", party=ANN), 9),
        ],
        (topics.desk_topic("customs"), 0): [stored(alert(3, "case-ring", 4, BEN, LATER), 0)],
    }
    hold(monkeypatch, held, {topics.ALERTS: 2})
    monkeypatch.setattr(party_history, "read_begun_partitions", lambda _: 1)
    return held


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["cases", "list", *arguments], catch_exceptions=False)


def test_the_command_folds_judges_and_joins(day: Any):
    """One case of two current alerts, one of them judged: open; the superseded one counts for nothing but the time."""
    done = ran("--json")
    (told,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert told["cases"] == ["case-ann", "case-ring"]
    assert (told["state"], told["states"]) == ("open", {"open": 1, "disposed": 1})
    assert done.stderr.splitlines() == [
        "1 of 1 cases shown",
        "1 records of the topic are no alerts that this version can read",
    ]


def test_the_command_chooses_by_desk_and_in_korean(day: Any):
    """A case is a desk's that got one of its alerts."""
    assert len(ran("--json", "--desk", "customs").stdout.splitlines()) == 1
    day[topics.desk_topic("customs"), 0].clear()
    assert ran("--json", "--desk", "customs").stdout == ""
    korean = ran("--lang", "ko")
    assert "미처리" in korean.stdout
    assert foreign_words(korean.stdout.replace("case-ann", "") + korean.stderr) == []


def test_who_may_not_read_the_ledger_sees_cases_without_verdicts(day: Any, monkeypatch: pytest.MonkeyPatch):
    """Apart over the rotation, and it is said."""
    hold(monkeypatch, day, {topics.ALERTS: 2}, denied=[topics.LEDGER])
    done = ran("--json")
    states = {told["case_id"]: told["state"] for told in map(json.loads, done.stdout.splitlines())}
    assert states == {"case-ann": "unknown", "case-ring": "unknown"}
    assert "verdicts are not known" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--since", "yesterday"], "this is not a time"),
        (["--desk", "nobody"], "there is no such desk"),
        (["--typology", "T99"], "there is no such typology"),
        (["--party", "Kim"], "this is not a party's token"),
    ],
    ids=["time", "desk", "typology", "party"],
)
def test_wrong_use_is_told_before_anything_is_read(arguments: list[str], told: str):
    found = CliRunner().invoke(command, ["cases", "list", *arguments])
    assert isinstance(found.exception, UsageError)
    assert told in found.exception.message
