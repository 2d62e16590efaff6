"""A month's lists from the records of `fx.screens.v1`, as text in both languages and as JSON."""

import json
import re
from typing import Any, NamedTuple, Self

import msgspec
import pytest
from click.testing import CliRunner

from detectors.contracts.alert import Measured
from detectors.contracts.screens import INSTITUTION_PART
from streams.cli import screens
from streams.desk import screen_lists
from streams.desk.screen_lists import PEERS, ListsReading
from streams.errors import UsageError
from streams.kafka import topics
from streams.monitor.core import screen_output
from tests.support.korean import foreign_words
from tests.support.screened import ScreenedLedger
from tests.unit.detectors.typologies.test_t05_screens import april, day, firm


class Record(NamedTuple):
    """A record of the topic."""

    key: bytes
    value: bytes | None


@pytest.fixture(scope="module")
def written() -> list[Record]:
    """Two lists of March and one of April, of one firm, as the monitor writes them."""
    ledger = firm(branch="0021")
    april(ledger)
    ledger.send("more", day(4, 20), 1000.0)
    ledger.passed(day(5, 12))
    origin = ledger.log[-1][1]
    firms = [entry for entry in ledger.entries if entry.screen != INSTITUTION_PART]
    outputs = [screen_output(entry, origin, 3) for entry in firms]
    assert {(one.topic, one.partition, len(one.headers)) for one in outputs} == {(topics.SCREENS, 3, 0)}
    return [Record(one.key, one.value) for one in outputs]


def part(bank: str, partition: int, limits: bool = True, **counts: int) -> Record:
    """What a partition counted of an institution in March."""
    told = ScreenedLedger()
    told.pay("p", day(3, 5))
    told.passed(day(4, 12))
    entry = next(one for one in told.entries if one.screen == INSTITUTION_PART)
    position = msgspec.structs.replace(entry.position, partition=partition)
    measured = tuple(Measured(name=name, value=number, unit="count") for name, number in counts.items())
    made = msgspec.structs.replace(
        entry, subject=bank, measured=measured, position=position, limits=entry.limits if limits else ()
    )
    return Record(made.key.encode(), msgspec.json.encode(made))


@pytest.fixture(scope="module")
def parts() -> list[Record]:
    """Seven institutions in two partitions; of one most payments have no documents."""
    found = []
    for number, bank in enumerate(["BANKA", "BANKB", "BANKC", "BANKD", "BANKE", "BANKF", ""]):
        for partition in (0, 3):
            without = 180 if bank in {"BANKF", ""} else 20 + number
            found.append(part(bank, partition, outgoing=200, no_document=without, payments=250))
    return found


def reading(*records: Record) -> ListsReading:
    found = ListsReading()
    found.take(records)
    return found


def test_the_newest_month_is_shown_unless_another_is_named(written: list[Record]) -> None:
    found = reading(*written).of(None, frozenset())
    assert (found.month, found.months) == ("2025-04", ["2025-03", "2025-04"])
    assert [one.screen for one in found.entries] == ["branch_concentration", "small_capital_new_firm"]
    found = reading(*written).of("2025-03", frozenset({"small_capital_new_firm"}))
    assert [(one.screen, one.period) for one in found.entries] == [("small_capital_new_firm", "2025-03")]
    assert reading().of(None, frozenset())[:4] == ("", [], [], 0)


def test_the_newest_record_of_a_key_counts(written: list[Record]) -> None:
    first = written[0]
    gone, damaged = first._replace(value=None), first._replace(value=b"{")
    assert len(reading(*written, first).of("2025-03", frozenset()).entries) == 2
    assert len(reading(*written, gone).of("2025-03", frozenset()).entries) == 1
    found = reading(*written, damaged).of("2025-03", frozenset())
    assert (len(found.entries), found.unreadable) == (2, 1)


class Reader:
    """A reader that gives some records."""

    given: tuple[Record, ...] = ()

    def __init__(self, _: Any, names: list[str]) -> None:
        assert names == [topics.SCREENS]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def read_to_end(self, *, told: Any) -> list[tuple[None, tuple[Record, ...]]]:
        del told
        return [(None, self.given)]


def run(monkeypatch: pytest.MonkeyPatch, records: list[Record], *arguments: str) -> str:
    monkeypatch.setattr(screen_lists.topic_reader, "Reader", Reader)
    monkeypatch.setattr(Reader, "given", tuple(records))
    done = CliRunner().invoke(screens.command, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_the_command_shows_figures_tests_and_reasons(written: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, written, "--period", "2025-03")
    for said in (
        "Small-capital new firms (FSS 2022-07), 2025-03: 1",
        "One branch has most of a firm's payments (FSS 2022-07), 2025-03: 1",
        "party k1.0a3.firm",
        "[met] It sent the published multiple of its capital (FSS 2022-07)",
        "sent in all 51,000,000.00 USD",
        "sent min 50000000",
        "100.0 % of it went through one branch",
        "3:3 3:5 3:7",
        "months with entries: 2025-03, 2025-04",
        "finds nobody guilty",
    ):
        assert said in told.replace("50,000,000", "50000000"), said


def test_in_korean_there_is_no_english(written: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, written, "--period", "2025-03", "--lang", "ko")
    assert "소자본 신설업체 점검(금융감독원 2022년 7월), 2025년 3월: 1건" in told
    assert foreign_words(told.replace("firm", "").replace("BANKA", "")) == []


def test_the_command_says_where_there_is_nothing(written: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, [], "--lang", "en").strip() == "no list was published yet"
    told = run(monkeypatch, written, "--period", "2025-02")
    assert "nobody is in a list of 2025-02" in told
    assert "guilty" not in told
    assert "1 records of fx.screens.v1 could not be read" in run(monkeypatch, [*written, Record(b"x", b"?")])


def test_as_json_each_entry_is_an_object(written: list[Record], monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(monkeypatch, written, "--json", "--screen", "branch_concentration", "--period", "2025-03")
    (one,) = map(json.loads, told.splitlines())
    assert one == msgspec.json.decode(written[1].value or b"")


@pytest.mark.parametrize("period", ["2026-13", "2026", "2026-1", "last"])
def test_what_is_no_month_is_refused(period: str) -> None:
    with pytest.raises(UsageError, match="not a month"):
        CliRunner().invoke(screens.command, ["--period", period], catch_exceptions=False)


def test_the_parts_of_institutions_are_added_up_and_compared(parts: list[Record]) -> None:
    """Those without a share of their own are no institution; the limits come with the parts."""
    found = reading(*parts).of(None, frozenset({PEERS}))
    assert (found.month, found.entries, found.institutions, found.partitions) == ("2025-03", [], 7, 2)
    (habit,) = found.habits
    assert (habit.institution, habit.name, habit.number, habit.of, habit.peers) == ("BANKF", "no_document", 360, 400, 5)
    assert reading(*parts[:-6]).of(None, frozenset()).habits == []
    assert reading(*parts).of(None, frozenset({"trade_gap"})).institutions == 0
    without = reading(*parts, *(part(f"BANK{each}", 3, limits=False, outgoing=200) for each in "ABCDEF"))
    assert without.of("2025-03", frozenset()).institutions == 7


def test_the_command_says_how_an_institution_differs(
    parts: list[Record], written: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run(monkeypatch, [*parts, *written], "--period", "2025-03")
    for said in (
        "Institutions compared with their peers, 2025-03: 1 of 7, in 2 ledger partitions",
        "institution BANKF",
        "90.0 % of its 400 payments abroad (360) are payments without documents. The median of 5 other institutions is",
        "spreads above the median 4 times",
        "Small-capital new firms",
    ):
        assert said in told, said
    told = run(monkeypatch, parts, "--lang", "ko")
    assert "해외 송금 400건 중 90.0%(360건)가 증빙서류 없는 송금입니다" in told
    assert foreign_words(re.sub("BANK.", "", told)) == []
    (one,) = map(json.loads, run(monkeypatch, parts, "--json").splitlines())
    assert (one["screen"], one["institution"], one["period"], one["number"]) == (PEERS, "BANKF", "2025-03", 360)
    assert "guilty" not in run(monkeypatch, parts[:4])
