"""The figures of `fxwatch kpi`: what each verdict counts for, the won by month, and the command on given topics."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result

from streams.cli import command
from streams.desk.alert_heads import Current, Head, read_head
from streams.desk.kpi import HitRate, Kpi, KpiCollection, Month, decision, groups_of
from streams.desk.listing import AlertRow
from streams.desk.rotated_names import RotatedNames
from streams.desk.verdicts import LedgerVerdict
from streams.desk_text import kpi_text
from streams.errors import NotAuthorizedError
from streams.kafka import topics
from tests.support.desk_records import SEOUL, disposition, record
from tests.support.korean import foreign_words
from tests.support.read_topics import Stored, hold
from tests.support.repository import ROOT

ANN, BEN, CAT = (f"k1.0a{number}." + str(number) * 32 for number in (1, 2, 3))
START = datetime(2026, 4, 1, 3, tzinfo=UTC)
ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
HITS = {name: {"id": name, "name": f"{name} / {name}"} for name in ("T01", "T03")}
LOT = {"budget": "anomaly", "probability": 0.01, "explored": True}
RANKED = {"budget": "anomaly", "probability": 1.0, "explored": False}


def alert(number: int, party: str = ANN, day: float = 0, found: tuple[str, ...] = ("T01",), **changed: Any) -> dict:
    """An alert of a case of its own, so many days after the start, with so many thousand won at risk as its number."""
    told = ALERT | {"alert_id": f"{number:032x}", "case_id": f"case-{number}", "party": party, "parties": [party]}
    told |= {"created_for": (START + timedelta(days=day)).isoformat(), "amount_krw": f"{number}000"}
    told |= {"position": {"topic": topics.LEDGER, "partition": 0, "offset": number}, "supersedes": None}
    told |= {"typologies": [HITS[name] for name in found], "selection": RANKED, "status": "raised"}
    return told | changed


def head(*told: Any, **changed: Any) -> Head:
    return read_head(json.dumps(alert(*told, **changed)).encode())


def given(verdict: Any, number: int = 1, day: float = 1, officer: str = "O-1", **more: Any) -> LedgerVerdict:
    """A verdict of an officer on an alert."""
    return LedgerVerdict(
        event_id=f"{verdict}-{officer}-{day}",
        alert_id=f"{number:032x}",
        party=ANN,
        verdict=verdict,
        investigator=officer,
        decided_at=START + timedelta(days=day),
        partition=0,
        offset=1,
        source=None,
        **more,
    )


def row(one: Head, *standing: LedgerVerdict, earlier: tuple[LedgerVerdict, ...] = ()) -> AlertRow:
    return AlertRow(Current(one, 0), standing, earlier)


def kpi(*rows: AlertRow) -> Kpi:
    found = KpiCollection(30)
    for one in rows:
        found.joined.add(one.current.head)
        found.add(one)
    return found.told(SEOUL, RotatedNames())


@pytest.mark.parametrize(
    ("found", "selection", "groups"),
    [
        (("T01",), RANKED, ("all", "rules", "T01")),
        (("T03", "T01"), RANKED, ("all", "rules", "T01", "T03")),
        ((), RANKED, ("all", "models")),
        ((), LOT, ("all", "lot")),
        (("T01",), LOT, ("all", "rules", "T01")),
    ],
)
def test_the_groups_of_an_alert(found: tuple[str, ...], selection: dict, groups: tuple[str, ...]) -> None:
    """What a rule explains is no draw, even where the lot chose it too."""
    assert groups_of(head(1, ANN, 0, found, selection=selection)) == groups


@pytest.mark.parametrize(
    ("standing", "earlier", "counted"),
    [
        ((), (), None),
        (("confirmed",), (), "confirmed"),
        (("confirmed", "refuted"), (), "refuted"),
        (("confirmed", "inconclusive"), (), "confirmed"),
        (("duplicate", "inconclusive"), (), "inconclusive"),
        ((), ("refuted", "confirmed"), "confirmed"),
        (("refuted",), ("confirmed",), "refuted"),
    ],
)
def test_which_verdict_an_alert_is_counted_by(standing: tuple, earlier: tuple, counted: str | None) -> None:
    """The last that decides, else the last; those on earlier alerts of the series where none stands on the newest."""
    told = decision(row(head(1), *(given(each) for each in standing), earlier=tuple([given(each) for each in earlier])))
    assert (None if told is None else told.verdict) == counted
    assert decision(AlertRow(Current(head(1), 0), None)) is None


def test_hit_rates_by_group() -> None:
    """Of the rules' three one is confirmed, one refuted, T03's undecided. Of the lot's one, refuted, none hits."""
    told = kpi(
        row(head(1), given("confirmed")),
        row(head(2), given("refuted")),
        row(head(3, BEN, 0, ("T03",)), given("inconclusive")),
        row(head(4, CAT, 0, ())),
        row(head(5, CAT, 0, (), selection=LOT), given("refuted")),
    )
    assert [one.group for one in told.groups] == ["all", "rules", "models", "lot", "T01", "T03"]
    assert told.group("rules") == HitRate(group="rules", alerts=3, confirmed=1, refuted=1, undecided=1)
    assert told.group("rules").hit_rate == Decimal("0.5")
    assert told.group("all") == HitRate(group="all", alerts=5, confirmed=1, refuted=2, undecided=1, open=1)
    assert told.group("all").hit_rate == Decimal(1) / 3
    assert told.group("models") == HitRate(group="models", alerts=1, open=1)
    assert (told.group("models").hit_rate, told.group("models").interval) == (None, None)
    assert (told.group("lot").hit_rate, told.group("lot").decided) == (0, 1)
    assert told.group("T16") == HitRate(group="T16")


def test_the_interval_is_wilsons() -> None:
    """Two of ten: 5.7 to 51 %."""
    told = HitRate(group="all", alerts=10, confirmed=2, refuted=8)
    assert [round(end, 4) for end in told.interval] == [Decimal("0.0567"), Decimal("0.5098")]


def test_won_by_month() -> None:
    """A case counts once at risk, in the month that it began; confirmed, in the month of its first confirmation.

    The officer's own amount goes before the alert's; the largest of a case counts, and its alerts are not added up.
    """
    rows = [
        row(head(7, day=1, case_id="case-a"), given("confirmed", day=40)),
        row(head(9, day=2, case_id="case-a"), given("confirmed", day=35, amount_krw="8500")),
        row(head(3, BEN, day=32), given("refuted", day=33)),
        row(head(4, CAT, day=33, amount_krw=None), given("confirmed", day=36)),
    ]
    for some in permutations(rows):
        assert kpi(*some).months == (
            Month(month="2026-04", cases=1, at_risk_krw=Decimal(9000)),
            Month(
                month="2026-05",
                cases=2,
                at_risk_krw=Decimal(3000),
                confirmed=2,
                confirmed_krw=Decimal(8500),
                without_amount=1,
            ),
        )


def test_months_are_local() -> None:
    """15:00 UTC of the last of April is May in Seoul."""
    late = head(1, created_for="2026-04-30T15:00:00Z")
    found = KpiCollection(30)
    found.joined.add(late)
    found.add(row(late))
    assert [one.month for one in found.told(SEOUL, RotatedNames()).months] == ["2026-05"]
    assert [one.month for one in found.told(ZoneInfo("UTC"), RotatedNames()).months] == ["2026-04"]


def test_cases_of_one_resident_are_one() -> None:
    """Ann's two cases lie within the window, so that their larger amount counts once."""
    told = kpi(row(head(2), given("confirmed")), row(head(5, day=3), given("confirmed")))
    assert [(one.cases, one.at_risk_krw, one.confirmed, one.confirmed_krw) for one in told.months] == [
        (1, Decimal(5000), 1, Decimal(5000))
    ]


def test_figures_in_words() -> None:
    """Both languages; shares with their interval, won with separators; what is not known is a dash."""
    told = kpi(
        row(head(1, amount_krw="12345678901234567890"), given("confirmed")),
        row(head(5, CAT, 0, (), selection=LOT), given("refuted")),
    )
    rows = kpi_text.group_rows(told, "en")
    assert rows[0] == ["all", "2", "1", "1", "0", "0", "50.0 %", "9.5 - 90.5 %"]
    assert rows[2] == ["models alone", "0", "0", "0", "0", "0", "-", "-"]
    assert rows[4][0] == "T01"
    assert kpi_text.month_rows(told)[0][2] == "12,345,678,901,234,572,890"
    assert "1 alerts, of which 1 are decided; hit rate 0.0 % (0.0 - 79.3 %)" in kpi_text.beside(told, "en")[1]
    assert "no comparison with chance" in kpi_text.beside(kpi(row(head(1))), "en")[1]
    korean = [*kpi_text.group_columns("ko"), *kpi_text.month_columns("ko"), *kpi_text.beside(told, "ko")]
    korean += [cell for line in kpi_text.group_rows(told, "ko") for cell in line]
    assert foreign_words("\n".join(korean)) == []


def stored(told: dict[str, Any], offset: int) -> Stored:
    return Stored(offset, told["party"].encode(), json.dumps(told).encode())


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, int], list[Any]]:
    """Three alerts, of which Ann's is confirmed; Ben's alone is the desk's; and what is no alert."""
    held: dict[tuple[str, int], list[Any]] = {
        (topics.ALERTS, 0): [stored(alert(1), 0), stored(alert(2, BEN, 3), 1), Stored(2, b"x", b"no alert")],
        (topics.ALERTS, 1): [stored(alert(3, CAT, 40, (), selection=LOT), 0)],
        (topics.LEDGER, 0): [record(disposition(alert_id=f"{1:032x}", party=ANN, verdict="confirmed"), 9)],
        (topics.desk_topic("customs"), 0): [stored(alert(2, BEN, 3), 0)],
    }
    hold(monkeypatch, held, {topics.ALERTS: 2})
    return held


def ran(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["kpi", *arguments], catch_exceptions=False)


def test_the_command_reads_alerts_and_verdicts(day: Any) -> None:
    """Everything as JSON: counts, exact shares and amounts as strings."""
    told = json.loads(ran("--json").stdout)
    groups = {one["group"]: one for one in told["groups"]}
    assert groups["all"] == {
        "group": "all",
        "alerts": 3,
        "confirmed": 1,
        "refuted": 0,
        "undecided": 0,
        "open": 2,
        "hit_rate": "1.0000",
        "interval": ["0.2065", "1.0000"],
    }
    assert (groups["lot"]["alerts"], groups["lot"]["hit_rate"]) == (1, None)
    assert [(one["month"], one["at_risk_krw"]) for one in told["months"]] == [("2026-04", "3000"), ("2026-05", "3000")]
    assert told["unreadable"] == 1


def test_the_command_chooses_and_tells_in_both_languages(day: Any) -> None:
    """A desk's alone, or those of some days; the tables are tab-separated in a pipe."""
    assert ran("--desk", "customs").stdout.splitlines()[1].split("\t")[:3] == ["all", "1", "0"]
    assert ran("--until", "2026-04-02").stdout.splitlines()[1].split("\t")[:3] == ["all", "1", "1"]
    english, korean = ran(), ran("--lang", "ko")
    assert "Drawn by lot, as the comparison: 1 alerts, of which 0 are decided." in english.stderr
    assert foreign_words(korean.stdout + korean.stderr) == []


def test_without_the_ledger_there_are_no_figures(day: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hit rates without verdicts would all be none: who may not read them is told."""
    hold(monkeypatch, day, {topics.ALERTS: 2}, denied=[topics.LEDGER])
    with pytest.raises(NotAuthorizedError):
        ran("--json")
