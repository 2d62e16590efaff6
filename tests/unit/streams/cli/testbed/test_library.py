"""The library: data sheets, sets that are what they were, and excerpts that name nothing of their source."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from detectors.contracts.events import ConfigurationChange, Profile, Rate, Transaction
from detectors.contracts.learning import Learning
from detectors.testbed import data_sheet
from streams.cli.testbed.library import command
from streams.contracts.input_record import InputRecord
from streams.errors import UsageError
from streams.generator import Simulation
from streams.ledger import envelope
from streams.testbed import excerpt, library, rekey, replay
from streams.testbed.excerpt import Choice
from streams.testbed.ledger_files import read_ledger
from streams.testbed.library import LibraryError
from streams.testbed.prepared import Silent
from streams.testbed.result_files import read_manifest, read_result
from streams.testbed.stream_files import file_digest, write_stream
from streams.testbed.truth_files import NAME
from tests.support import small_stream
from tests.support.identifier_scan import Scanner
from tests.support.small_result import SHEET, replayed, simulate

NOON = datetime(2026, 4, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a stream of resends and conflicts, its replay, and a data sheet."""
    home = tmp_path_factory.mktemp("library")
    simulation = Simulation(7, 3000, residents=60, bad_share=0.05)
    write_stream((_traced(record, number) for number, record in enumerate(simulation)), home / "stream")
    (home / "stream" / NAME).write_bytes(simulation.truth.lines())
    replayed(home / "stream", home / "result")
    (home / "sheet.toml").write_text(SHEET)
    return home


def _traced(record: InputRecord, number: int) -> InputRecord:
    """The record with what a sender's tracing would add."""
    trace = f"00-{number + 2**120:032x}-{number + 2**60:016x}-01".encode()
    return record._replace(
        headers=(*record.headers, ("ce_id", f"message-{number:08}".encode()), ("traceparent", trace))
    )


def events(home: Path) -> list[tuple]:
    """Every ledger record below a directory, decoded: (partition, record, event, origin)."""
    return [
        (number, record, *envelope.decode_record(record.value, record.headers, record.offset, record.timestamp, number))
        for number, path in enumerate(sorted((home / "ledger").glob("*.parquet")))
        for batch in read_ledger(path)
        for record in batch
    ]


def run(place: Path, *arguments: str) -> dict | list:
    """A command of the library in a directory of its own, and what it printed."""
    done = CliRunner().invoke(command, [*arguments, "--dir", str(place / "sets"), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_pack_is_added_shown_and_verified_until_it_is_changed(place):
    """A pack keeps its bytes and its sheet; a version is written once; one changed byte and one new file are found."""
    sheet = ("--sheet", str(place / "sheet.toml"))
    added = run(place, "add", "pack", "spring", "--stream", str(place / "stream"), *sheet)
    assert "files/truth.jsonl" in added["files"]
    with pytest.raises(UsageError, match="already"):
        run(place, "add", "pack", "spring", "--stream", str(place / "stream"), *sheet)
    run(place, "add", "pack", "spring", "--version", "2", "--events", "2000", "--seed", "3", *sheet)
    again = run(place, "add", "pack", "again", "--version", "2", "--events", "2000", "--seed", "3", *sheet)
    assert again["files"] == run(place, "show", "spring", "--version", "2")["files"]
    assert [(one["name"], one["version"]) for one in run(place, "list")] == [
        ("again", "2"),
        ("spring", "1"),
        ("spring", "2"),
    ]
    shown = run(place, "show", "spring", "--version", "1")
    assert shown["sheet"]["purpose"] == "tests of the library"
    assert set(map(tuple, run(place, "verify").values())) == {()}
    changed = Path(shown["place"]) / "files" / "truth.jsonl"
    changed.write_bytes(changed.read_bytes() + b" ")
    (changed.parent / "more").write_text("new")
    with pytest.raises(LibraryError, match=r"(?s)more is new.*truth.jsonl was changed"):
        run(place, "verify", "spring")


def test_pack_of_a_stream_that_was_changed_is_refused(place, tmp_path):
    """A truth that is not the one its stream.json tells is no part of a set; its name is told."""
    stream = simulate(tmp_path / "stream", 2000, 60)
    (stream / "stream.json").write_text(
        json.dumps(
            {
                "files": {
                    NAME: {"sha256": "0" * 64, "bytes": 1},
                    **{path.name: file_digest(path) for path in stream.glob("*.v1.jsonl")},
                }
            }
        )
    )
    with pytest.raises(UsageError, match=r"says: truth\.jsonl was changed; got"):
        run(tmp_path, "add", "pack", "bad", "--stream", str(stream), "--sheet", str(place / "sheet.toml"))
    assert not (tmp_path / "sets").exists()


def test_set_without_a_whole_sheet_is_not_added(place, tmp_path):
    """A set whose sheet lacks a field is refused, and nothing of it stays behind."""
    (tmp_path / "sheet.toml").write_text('purpose = "none"')
    with pytest.raises(UsageError, match=r"(?s)make_up: it is missing.*licence"):
        run(tmp_path, "add", "pack", "bad", "--stream", str(place / "stream"), "--sheet", str(tmp_path / "sheet.toml"))
    assert not (tmp_path / "sets").exists()


def edited(home: Path, change: dict) -> None:
    """A set added to a library of its own, whose `set.json` then says something else."""

    def fill(directory: Path) -> tuple[dict, data_sheet.DataSheet]:
        (directory / "file").write_text("content")
        return {"seed": 1}, data_sheet.read(SHEET)

    library.add(home / "sets", "edited", "1", "pack", fill)
    assert run(home, "verify") == {"edited 1": []}
    path = home / "sets" / "edited" / "1" / library.SET
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))


def test_a_set_that_says_something_else_is_found(tmp_path):
    """What a set was made with is part of its checksum; a version that is no number is damage, told with its place."""
    edited(tmp_path / "a", {"arguments": {"seed": 2}})
    with pytest.raises(LibraryError, match=r"set\.json is not that of what it says"):
        run(tmp_path / "a", "verify")
    edited(tmp_path / "b", {"version": "newest"})
    with pytest.raises(LibraryError, match="version: got: 'newest'"):
        run(tmp_path / "b", "list")


def test_a_set_that_could_not_be_made_leaves_no_directory(tmp_path):
    """Neither the version nor the name, nor the library where it is new; another set's name stays."""

    def fails(directory: Path) -> tuple[dict, data_sheet.DataSheet]:
        raise UsageError("no stream")

    with pytest.raises(UsageError, match="no stream"):
        library.add(tmp_path / "deep" / "sets", "bad", "1", "pack", fails)
    assert list(tmp_path.iterdir()) == []
    library.add(tmp_path, "good", "1", "pack", lambda _: ({}, data_sheet.read(SHEET)))
    with pytest.raises(UsageError, match="no stream"):
        library.add(tmp_path, "good", "2", "pack", fails)
    assert [path.name for path in (tmp_path / "good").iterdir()] == ["1"]


def needles(place: Path) -> set[str]:
    """Every token, id, fingerprint and header value of the source that names something."""
    found: set[str] = set()
    for _, record, event, origin in events(place / "result"):
        if isinstance(event, (ConfigurationChange, Learning)):
            continue  # neither names anybody
        found |= {
            event.event_id,
            event.identity,
            event.body,
            origin.commitment,
            *event.previous.values(),
            *(event.former or ()),
        }
        found |= {content.decode() for name, content in record.headers if name in envelope.PASSED_ON and content}
        names = (
            "party",
            "counterparty",
            "party_account",
            "counterparty_account",
            "contract_counterparty",
            "device",
            "contact",
            "payment_id",
            "original_event_id",
            "declaration_no",
            "report_no",
            "alert_id",
        )
        found |= {value for name in names if (value := getattr(event, name, None)) is not None}
        found |= set(getattr(event, "related_counterparties", ()))
    truth = [json.loads(line) for line in (place / "stream" / "truth.jsonl").read_bytes().splitlines()]
    return found | {one["party_id"] for one in truth if one["kind"] == "case"}


def test_nothing_of_the_source_is_in_an_excerpt(place, tmp_path):
    """No token, id, fingerprint, commitment or passed-on header of the source is anywhere in the excerpt's bytes."""
    excerpt.write(place / "result", tmp_path, Choice(share=1.0))
    scanner = Scanner(needles(place))
    assert scanner.needles > 5000
    assert sum(needle.startswith("00-") for needle in needles(place)) > 1000
    contents = [("file", path.read_bytes()) for path in (tmp_path / "ledger").iterdir()]
    for number, record, _, _ in events(tmp_path):
        parts = [record.key or b"", record.value or b"", *(content or b"" for _, content in record.headers)]
        contents.append((f"{number}@{record.offset}", b"\n".join(parts)))
    assert scanner.scan(contents) == []
    # the same scan of the source finds what it looks for
    source = [("source", record.value or b"") for _, record, _, _ in events(place / "result")[:500]]
    assert len(scanner.scan(source)) > 500


def test_range_takes_what_lies_within(place, tmp_path):
    """Payments of the range come, none before or after it; a rate that the first of them needs comes too."""
    whole = sorted(
        record.timestamp for _, record, event, _ in events(place / "result") if isinstance(event, Transaction)
    )
    since, until = (datetime.fromtimestamp(whole[len(whole) * part // 4] / 1000, UTC) for part in (1, 3))
    excerpt.write(place / "result", tmp_path, Choice(share=1.0, since=since, until=until))
    low, high = since.timestamp() * 1000, until.timestamp() * 1000
    kept = [(record.timestamp, event) for _, record, event, _ in events(tmp_path)]
    found = sorted(at for at, event in kept if isinstance(event, Transaction))
    assert found == [at for at in whole if low <= at < high]
    assert min(at for at, event in kept if isinstance(event, Rate)) < low
    replay.replay(replay.prepare_result(tmp_path, None), tmp_path / "out", processes=1, force=False, stages=Silent())


def payments(home: Path) -> list[Transaction]:
    """All transactions, duplicates too."""
    return [event for _, _, event, _ in events(home) if isinstance(event, Transaction)]


def shape(found: list[Transaction], shift: timedelta) -> Counter:
    """Who pays whom, when and what, with parties named by what they do: independent of tokens."""
    pays: dict[str, list] = {}
    for one in found:
        told = (one.event_time - shift, one.amount, one.currency, one.institution, one.counterparty_country)
        pays.setdefault(one.party, []).append(told)
    gets: Counter = Counter()
    for one in found:
        gets[one.counterparty] += 1
    return Counter((tuple(sorted(told)),) for told in pays.values()) + Counter(
        ("to", number) for number in gets.values()
    )


def test_structure_is_kept_up_to_the_shift(place, tmp_path):
    """Amounts, times but for the shift, and who deals with whom are the same; two excerpts share no token."""
    excerpt.write(place / "result", tmp_path / "a", Choice(share=1.0, shift_weeks=-3))
    excerpt.write(place / "result", tmp_path / "b", Choice(share=1.0))
    source = payments(place / "result")
    moved, unmoved = payments(tmp_path / "a"), payments(tmp_path / "b")
    assert shape(moved, timedelta(weeks=-3)) == shape(source, timedelta()) == shape(unmoved, timedelta())
    assert not {one.party for one in moved} & {one.party for one in unmoved}
    assert {one.party.split(".")[0] for one in moved} == {"excerpt"}
    pairs = {(one.party, one.counterparty) for one in moved}
    assert len(pairs) == len({(one.party, one.counterparty) for one in source})


def test_excerpt_of_all_parties_replays_with_the_same_outcomes(place, tmp_path):
    """Replayed, an excerpt of everybody has the source's counts of every outcome, duplicates and conflicts too."""
    excerpt.write(place / "result", tmp_path / "set", Choice(share=1.0))
    told = replay.replay(
        replay.prepare_result(tmp_path / "set", None), tmp_path / "out", processes=1, force=False, stages=Silent()
    )
    source = read_manifest(place / "result")
    # what partitions told one another stays behind: it was learned from others too
    heard = sum(isinstance(event, Learning) for _, _, event, _ in events(place / "result"))
    assert heard > 0
    assert told.outcomes == source.outcomes | {"applied": source.outcomes["applied"] - heard}
    assert min(told.outcomes["duplicate"], told.outcomes["conflict"]) > 0
    assert (told.transactions, told.parties) == (source.transactions, source.parties)


def test_excerpt_of_some_parties_holds_them_whole(place, tmp_path):
    """Named parties come with all their payments and nobody else's, in the partitions of their new tokens."""
    sheet = read_result(place / "result").sheet
    chosen = sheet.party.names[:7]
    taken = excerpt.write(place / "result", tmp_path / "set", Choice(parties=chosen))
    told = replay.replay(
        replay.prepare_result(tmp_path / "set", None), tmp_path / "out", processes=1, force=False, stages=Silent()
    )
    assert told.transactions == int(sheet.party.is_any(chosen).sum())
    assert taken.parties == told.parties == 7
    rates = sum(isinstance(event, Rate) for _, _, event, _ in events(tmp_path / "set"))
    assert rates == 2 * taken.rates


def newest_profiles(home: Path, before_ms: float) -> Counter:
    """What is known of each party before a time: the newest profile's figures, counted, whoever's they are."""
    found: dict[str, Profile] = {}
    for _, record, event, _ in events(home):
        if isinstance(event, Profile) and record.timestamp < before_ms:
            known = found.get(event.party)
            found[event.party] = event if known is None or event.as_of >= known.as_of else known
    return Counter((one.as_of, one.size, one.region, one.turnover_krw) for one in found.values())


def test_a_range_knows_its_parties(place, tmp_path):
    """The newest earlier profile of each party comes with the range, and what was cut is counted to the last record."""
    stamps = sorted(
        record.timestamp for _, record, event, _ in events(place / "result") if isinstance(event, Transaction)
    )
    since_ms = stamps[len(stamps) // 2]
    since = datetime.fromtimestamp(since_ms / 1000, UTC)
    taken = excerpt.write(place / "result", tmp_path, Choice(share=1.0, since=since))
    expected = newest_profiles(place / "result", since_ms)
    assert newest_profiles(tmp_path, since_ms) == expected
    assert taken.carried == expected.total() > 20
    before = Counter(
        type(event).__name__.lower()
        for _, record, event, _ in events(place / "result")
        if record.timestamp < since_ms and not isinstance(event, (ConfigurationChange, Rate, Learning))
    )
    before["profile"] -= taken.carried
    assert {kind: count for kind, count in taken.cut.items() if kind != "rate"} == dict(+before)
    assert taken.cut["rate"] > 0


def test_of_several_profiles_the_newest_is_carried(tmp_path):
    """Newest is by what it is as of, not by when it came: one that arrived late is left out, and both are counted."""
    late = small_stream.profile("P-1", small_stream.START, size="small")
    at = small_stream.START + timedelta(days=1)
    records = [
        small_stream.rate(0),
        late._replace(timestamp_ms=late.timestamp_ms + 2 * 86_400_000),
        small_stream.profile("P-1", at, size="large"),
        small_stream.profile("P-1", at - timedelta(hours=3), size="medium"),
        small_stream.rate(3),
        small_stream.payment(1, small_stream.START + timedelta(days=4)),
    ]
    replayed(small_stream.write(records, tmp_path / "stream"), tmp_path / "result")
    since = small_stream.START + timedelta(days=3)
    taken = excerpt.write(tmp_path / "result", tmp_path, Choice(share=1.0, since=since))
    assert [event.size for _, _, event, _ in events(tmp_path) if isinstance(event, Profile)] == ["large"]
    assert (taken.carried, taken.cut["profile"], taken.records) == (1, 2, 2)


def test_parties_of_a_share_cannot_be_told_from_tokens(place, tmp_path):
    """Without a seed each draw is another; with one it is the same."""

    def drawn(number: int, seed: int | None) -> Counter:
        excerpt.write(place / "result", tmp_path / str(number), Choice(share=0.5, seed=seed))
        return Counter((one.event_time, one.amount) for one in payments(tmp_path / str(number)))

    assert drawn(1, None) != drawn(2, None)
    assert drawn(3, 5) == drawn(4, 5)


def test_command_adds_an_excerpt_whose_sheet_says_how_confidential_it_is(place):
    """The sheet says that times were moved, not by how much, and that payments can be recognised; no seed is kept."""
    told = run(
        place,
        "add",
        "excerpt",
        "autumn",
        "--from",
        str(place / "result"),
        "--share",
        "0.3",
        "--seed",
        "4711",
        "--shift-weeks",
        "237",
        "--until",
        "2100-01-01T00:00:00+09:00",
        "--sheet",
        str(place / "sheet.toml"),
    )
    shown = run(place, "show", "autumn")
    limits = shown["sheet"]["limits"]
    for part in ("whole weeks that is not recorded", "confidential to the same degree", "was left out: nothing"):
        assert part in limits
    assert told["arguments"]["shifted"] is True
    assert 0 < told["arguments"]["parties"] < 60
    kept = (Path(shown["place"]) / library.SET).read_text() + (Path(shown["place"]) / library.SHEET).read_text()
    assert "4711" not in kept
    assert '"shift_weeks"' not in kept
    assert 237 not in told["arguments"].values()


@pytest.mark.parametrize("weeks", ["1041", "-999999999"])
def test_a_shift_out_of_range_is_refused(place, weeks):
    """More than twenty years either way is wrong use, said before anything is read."""
    done = CliRunner().invoke(
        command,
        [
            "add",
            "excerpt",
            "far",
            "--from",
            str(place / "result"),
            "--share",
            "1",
            "--shift-weeks",
            weeks,
            "--sheet",
            str(place / "sheet.toml"),
        ],
    )
    assert done.exit_code == 2
    assert "1040" in done.output
    with pytest.raises(UsageError, match="cannot be moved so far"):
        rekey.Rekeyer([], 500_000).event(
            Rate(event_id="e", identity="i", body="b", base="USD", quote="KRW", mid="1", rate_time=NOON)
        )


def test_choices_that_take_nothing_are_refused(place, tmp_path):
    """No parties and no share, an unknown party, and a source that is no ledger each end as wrong use."""
    for source, choice, word in (
        (place / "result", Choice(), "which parties"),
        (place / "result", Choice(parties=("tb.000." + "0" * 32,)), "no such party"),
        (place / "stream", Choice(share=0.5), "no recorded ledger"),
    ):
        with pytest.raises(UsageError, match=word):
            excerpt.write(source, tmp_path / "out", choice)
