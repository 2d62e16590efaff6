"""Snoozes from the ledger: the newest word stands, officers count, alerts are counted; and what the command refuses."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, ClassVar, Self

import pytest
from click.testing import CliRunner

from streams.alert_text.alert_text import lines, read_alert, text_of
from streams.cli import command, snooze
from streams.cli.snooze import _decision, _typology
from streams.contracts.inputs import DispositionRecord
from streams.desk import snoozes as module
from streams.desk.alert_heads import Wanted, read_head
from streams.desk.snoozes import LedgerSnooze, Snoozes, count_alerts, read_snooze, read_snoozes
from streams.desk.verdicts import read_verdict
from streams.desk_text import snooze_text
from streams.desk_text.event_text import event_lines, verdict_of
from streams.desk_text.list_text import resting
from streams.errors import UsageError
from streams.settings import load_settings
from tests.support.desk_records import NOON, OTHER, PARTY, SEOUL, disposition, payment, record
from tests.support.korean import foreign_words
from tests.support.repository import ROOT

ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
RESTING = ALERT | {"snoozed": {"until": "2026-06-30T15:00:00Z", "offset": 7, "legal_line": False}}


# minutes: these records came to Kafka four days before NOON
WEEK = 7 * 24 * 60


def event(days: float = 30, minutes: float = 0, **changed: Any) -> Any:
    at = NOON + timedelta(minutes=minutes)
    fields = {
        "event_id": f"desk-{minutes}",
        "verdict": "inconclusive",
        "decided_at": at,
        "snooze_until": at + timedelta(days=days),
        "snooze_typology": "T16",
    }
    return disposition(**fields | changed)


def read(days: float = 30, minutes: float = 0, offset: int = 7, **changed: Any) -> LedgerSnooze:
    found = read_snooze(record(event(days, minutes, **changed), offset), 3)
    assert found is not None
    return found


def test_a_snooze_is_read_from_its_ledger_record_and_is_no_verdict():
    """And no verdict is taken for one."""
    found = read()
    assert (found.party, found.typology, found.until) == (PARTY, "T16", NOON + timedelta(days=30))
    assert (found.alert_id, found.investigator, found.decided_at) == ("1" * 32, "I-17", NOON)
    assert (found.partition, found.offset, found.source.offset) == (3, 7, 106)
    assert read_verdict(record(event()), 3) is None
    assert read_snooze(record(disposition()), 3) is None
    assert read_snooze(record(payment()), 3) is None
    assert read_snooze(record(event())._replace(value=b"{"), 3) is None


def test_its_state_follows_event_time():
    """To the end, not included; one that ended another is ended at any time."""
    found = read()
    assert [found.state_at(found.until - timedelta(seconds=1)), found.state_at(found.until)] == ["resting", "over"]
    assert read(days=0).state_at(NOON - timedelta(days=1)) == "ended"


def test_the_newest_word_on_a_party_and_typology_stands():
    """By when it was given, whatever its place; others are told apart; the same record again changes nothing."""
    known = Snoozes()
    for minutes, days, offset in ((0, 30, 7), (5, 0, 8), (3, 30, 9), (5, 0, 10)):
        known.add(read(days, minutes - WEEK, offset))
    known.add(read(snooze_typology="anomaly", offset=11))
    known.add(read(party="k1.0a4." + "5d" * 16, offset=12))
    assert [one.offset for one in known] == [8, 11, 12]
    assert [one.offset for one in known.of(PARTY, "T16")] == [8]
    assert [one.offset for one in known.of("k2.0a3." + "6e" * 16, "T16")] == [8], "the party under another key"
    assert known.of(OTHER, "T16") == []


def test_a_date_ahead_of_its_arrival_counts_from_the_arrival():
    """Kafka's time of these records is 1 777 000 000: what claims to be later is of then."""
    ahead = read(decided_at=datetime(2026, 6, 1, tzinfo=UTC), snooze_until=datetime(2026, 7, 1, tzinfo=UTC))
    assert ahead.counted_at == datetime.fromtimestamp(1_777_000_000, UTC)


def test_where_officers_are_listed_theirs_alone_count():
    known = Snoozes(["I-18"])
    known.add(read())
    known.add(read(investigator="i-18 ", offset=9))
    assert [one.offset for one in known] == [9]


class _Topic:
    """A reader of given records."""

    records: ClassVar[dict[str, list[Any]]] = {}

    def __init__(self, settings: Any, names: list[str], partitions: Any = None) -> None:
        self._name, self._partitions = names[0], partitions

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to do."""

    def read_to_end(self, told: Any) -> Any:
        yield SimpleNamespace(partition=3), self.records[self._name]


@pytest.fixture
def topics_read(monkeypatch: pytest.MonkeyPatch) -> None:
    place = {"position": ALERT["position"] | {"partition": 3}}
    alerts = [RESTING | place, RESTING | place | {"alert_id": "2" * 32}, ALERT | place]
    monkeypatch.setattr(module.topic_reader, "Reader", _Topic)
    monkeypatch.setattr(
        _Topic,
        "records",
        {
            "fx.ledger.v1": [record(event(), 7), record(event(snooze_typology="anomaly", days=0), 8)],
            "fx.alerts.v1": [SimpleNamespace(value=json.dumps(one).encode()) for one in alerts]
            + [SimpleNamespace(value=b"no alert")],
        },
    )
    monkeypatch.setattr(snooze, "partition_of", lambda settings, token: 3)


@pytest.mark.usefixtures("topics_read")
def test_what_is_read_from_the_topics():
    """Snoozes of the ledger, and how many alerts came under each."""
    assert [one.offset for one in read_snoozes(load_settings(), lambda seen, total: None)] == [7, 8]
    assert count_alerts(load_settings(), lambda seen, total: None) == {(3, 7): 2}


DEVICE = "k1.777." + "d" * 32
SHARED = {"shared_kind": "device", "shared_token": DEVICE}


def test_a_snooze_on_an_alert_about_a_shared_thing_is_the_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told apart from the party's own, under any of its tokens; alerts under it say the thing and the end."""
    known = Snoozes()
    for one in (read(), read(offset=9, **SHARED)):
        known.add(one)
    assert [one.offset for one in known.of(PARTY, "T16")] == [7]
    assert [one.offset for one in known.of("k2.777." + "e" * 32, "T16")] == [9]
    until = (NOON + timedelta(days=30)).isoformat()
    resting = {"x_shared": {"kind": "device", "token": DEVICE}, "snoozed": RESTING["snoozed"] | {"until": until}}
    hit = ALERT["typologies"][0]
    bodies = [ALERT | resting | {"typologies": [hit | {"id": name}]} for name in ("T16", "T16", "T03")]
    alerts = [SimpleNamespace(value=json.dumps(one).encode()) for one in bodies]
    monkeypatch.setattr(module.topic_reader, "Reader", _Topic)
    monkeypatch.setattr(_Topic, "records", {"fx.alerts.v1": alerts})
    counts = count_alerts(load_settings(), lambda seen, total: None)
    assert [counts[one.counted_as] for one in known] == [0, 2]


def test_the_snooze_of_a_shared_thing_is_ended_by_the_thing_wherever_its_party_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It stands in the partition of a party, which the thing does not say; all are read then."""
    asked: list[Any] = []

    def reads(_: Any, __: Any, places: Any) -> Snoozes:
        asked.append(places)
        known = Snoozes()
        if places is None:
            known.add(read(days=80, offset=9, snooze_until=datetime(2099, 1, 1, tzinfo=UTC), **SHARED))
        return known

    monkeypatch.setattr(snooze, "read_snoozes", reads)
    monkeypatch.setattr(snooze, "partition_of", lambda *_: 3)
    done = CliRunner().invoke(
        command,
        ["snooze", "end", DEVICE, "T16", "--reason", "x", "--officer", "I-17", "--dry-run", "--json"],
        catch_exceptions=False,
    )
    told = json.loads(done.stdout)
    assert (asked, told["outcome"]) == ([[3], None], "dry_run")
    assert {"party": PARTY, **SHARED}.items() <= told["disposition"].items()
    goods = CliRunner().invoke(command, ["snooze", "end", "870321/CN/KG", "T09", "--reason", "x", "--officer", "I-17"])
    assert "no such snooze stands" in str(goods.exception)


@pytest.mark.usefixtures("topics_read")
def test_the_list_in_words_and_for_machines():
    """What stands at a time; with --all the others too; in Korean without English."""
    at = ("--at", "2026-05-01")
    done = CliRunner().invoke(command, ["snooze", "list", "--json", *at])
    (row,) = map(json.loads, done.stdout.splitlines())
    told = (row["state"], row["alerts"], row["ledger"], row["typology"], row["party"])
    assert told == ("resting", 2, "3:7", "T16", PARTY)
    assert CliRunner().invoke(command, ["snooze", "list", "--at", "2026-07-01"]).stderr == "0 snoozes\n"
    everything = CliRunner().invoke(command, ["snooze", "list", "--all", "--json", "--party", PARTY, *at])
    assert [json.loads(line)["state"] for line in everything.stdout.splitlines()] == ["ended", "resting"]
    korean = CliRunner().invoke(command, ["snooze", "list", "--all", "--lang", "ko", *at])
    assert foreign_words(korean.stdout + korean.stderr) == []
    assert "보류 중" in korean.stdout
    assert isinstance(CliRunner().invoke(command, ["snooze", "list", "--party", "Kim"]).exception, UsageError)


@pytest.mark.usefixtures("topics_read")
def test_one_that_does_not_stand_is_not_ended():
    """Nothing is sent, and it says where to look."""
    done = CliRunner().invoke(command, ["snooze", "end", PARTY, "t02", "--reason", "x", "--officer", "I-17"])
    assert isinstance(done.exception, UsageError)
    assert "no such snooze stands" in str(done.exception)


@pytest.mark.parametrize("until", ["2020-01-01", "2099-01-01"])
def test_an_end_that_is_over_or_too_far_is_refused_before_anything_is_read(until):
    done = CliRunner().invoke(command, ["snooze", "add", "0" * 12, "--until", until, "--reason", "x"])
    assert isinstance(done.exception, UsageError)
    assert "a snooze cannot end then" in str(done.exception)


def test_the_typology_is_one_of_the_alerts():
    """Its only one where none is named; one of several must be."""
    alert = read_alert(json.dumps(ALERT).encode())
    (only,) = [hit.id for hit in alert.typologies]
    assert _typology(alert, None) == only
    assert _typology(alert, only.lower()) == only
    with pytest.raises(UsageError, match="which typology"):
        _typology(alert, "T16" if only != "T16" else "T02")
    several = read_alert(json.dumps(ALERT | {"typologies": ALERT["typologies"] * 2}).encode())
    with pytest.raises(UsageError, match="which typology"):
        _typology(several, None)
    assert _typology(read_alert(json.dumps(ALERT | {"typologies": []}).encode()), None) == "anomaly"


def test_what_is_sent_is_what_ingest_takes():
    """Checked before it is sent; its verdict decides nothing."""
    settings, now = load_settings(), datetime.now(UTC).replace(microsecond=0)
    given = {"reason": "inspection", "officer": "I-17", "office": "Seoul"}
    made = _decision(settings, now, now + timedelta(days=90), {"alert_id": "1" * 32, "party": PARTY}, "T16", given)
    assert isinstance(made, DispositionRecord)
    assert (made.verdict, made.snooze_typology, made.snooze_until) == ("inconclusive", "T16", now + timedelta(days=90))
    with pytest.raises(UsageError, match=r"snooze\.too_long"):
        _decision(settings, now, now + timedelta(days=91), {"alert_id": "1" * 32, "party": PARTY}, "T16", given)
    assert "T16 rests until" in verdict_of(made, "en")


def test_a_snooze_in_words():
    """In a party's history: what rests until when, or that it rests no more; Korean alone in Korean."""
    for each in (event(), event(days=0), event(snooze_typology="anomaly")):
        assert foreign_words(event_lines(each, None, {}, "ko")[0]) == []
    assert event_lines(event(), None, {}, "en")[0] == "T16 rests until 2026-05-28 12:00:00 KST, by I-17"
    assert event_lines(event(days=0), None, {}, "en")[0].startswith("T16 rests no more since 2026-04-28")
    assert event_lines(event(snooze_typology="anomaly"), None, {}, "en")[0].startswith("Unusual payment rests until")
    assert snooze_text.listed(1234, "en") == "1,234 snoozes"


@pytest.mark.parametrize("line", [False, True])
def test_an_alert_under_a_snooze_says_so(line):
    """On its page and in the list, in both languages; it is left out of the list unless it passes a line of the law."""
    told = json.dumps(RESTING | {"snoozed": RESTING["snoozed"] | {"legal_line": line}}).encode()
    head, alert = read_head(told), read_alert(told)
    assert (Wanted(resting=False).takes(head), Wanted().takes(head)) == (line, True)
    assert Wanted(resting=False).takes_awake(head)
    english, korean = (text_of(lines(alert, lang=lang)) for lang in ("en", "ko"))
    assert ("no desk gets it" in english, "the desks get it" in english) == (not line, line)
    assert f"ledger {alert.position.partition}:7" in english
    assert foreign_words(korean) == []
    assert "경보 보류" in korean
    assert resting(head, SEOUL, "en") == " (snoozed until 2026-07-01 00:00:00 KST)"
    assert resting(read_head(json.dumps(ALERT).encode()), SEOUL, "en") == ""
    assert "Snoozed" not in text_of(lines(read_alert(json.dumps(ALERT).encode())))
