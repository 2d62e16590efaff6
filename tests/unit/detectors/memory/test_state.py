"""A partition's state as a snapshot: every part comes back, under its name, or is refused."""

import msgspec
import pytest

from detectors.books.fingerprints import Known
from detectors.books.party import Party, pack
from detectors.books.restatement import Correction
from detectors.contracts.configuration import fingerprint
from detectors.memory import frozen_state
from detectors.memory.frozen_state import COUNTERS, STATE_SCHEMA
from detectors.memory.state import PartitionState
from detectors.values.legal_calendar import DAY_US, HOUR_US
from tests.support.ledger import configuration

ADMITTED = configuration(admission={"institutions": ["BKGGKRSE"], "officers": ["I-17"]})


IDENTITY, BODY, FORMER, FORMER_BODY = (bytes([number]) * 16 for number in range(1, 5))


KINDS = ("transaction", "rate", "declaration", "profile", "disposition")


CLOCK = 1_000 * DAY_US + 5 * HOUR_US + 7


def record(last_us: int = 0) -> bytes:
    """A party's record, last seen at a time."""
    return pack(Party(last_us=last_us))


def full() -> PartitionState:
    """A state with something of its own in each part."""
    state = PartitionState.new(3, "other.ledger")
    state.install(ADMITTED)
    state.next, state.swept_hour, state.watermark_us = 17, 4, CLOCK
    state.counters["applied"] = 5
    state.marks[("fx.transactions.v1", 2, "topic-id")] = 9
    assert [state.topic_number(name) for name in ("a", "b", "a")] == [0, 1, 0]
    state.parties.update({"k1.b": record(5), "k1.a": record(6)})
    state.rename("k0.z", "k1.b", CLOCK + 1)
    state.rename("k0.y", "k1.a", 3)
    state.typologies = {"T01": {"pieces": [3.0, 1.0]}}
    state.fingerprints["transaction"].add(IDENTITY, Known(BODY, 1, 2, 3), (FORMER, FORMER_BODY), "BANKA")
    state.give_share("BANKA", CLOCK)
    state.officers.note_counted(77, CLOCK)
    state.rates.add("EUR", "USD", "1.1", CLOCK, 4, None)
    state.correct("EUR/USD", CLOCK - DAY_US, 11)
    return state


def thawed(state: PartitionState) -> PartitionState:
    """The state as a snapshot gives it back."""
    return PartitionState.thaw(list(state.freeze().sections()))


def test_every_part_comes_back_as_it_was():
    """One value of each, and the same bytes again."""
    state = full()
    found = thawed(state)
    assert (found.partition, found.ledger_topic, found.next, found.swept_hour) == (3, "other.ledger", 17, 4)
    assert found.counters == dict.fromkeys(COUNTERS, 0) | {"applied": 5}
    assert found.marks == {("fx.transactions.v1", 2, "topic-id"): 9}
    assert (found.topics, found.watermark_us) == (["a", "b"], CLOCK)
    assert list(found.parties.items()) == [("k1.b", record(5)), ("k1.a", record(6))]
    assert list(found.renamed.items()) == [("k0.z", ("k1.b", CLOCK + 1)), ("k0.y", ("k1.a", CLOCK))]
    assert found.typologies == {"T01": {"pieces": [3.0, 1.0]}}
    window = found.fingerprints["transaction"]
    assert window.find(IDENTITY) == Known(BODY, 1, 2, 3)
    assert window.find(FORMER) == Known(FORMER_BODY, 1, 2, 3)
    assert (window.held("BANKA"), window.size) == (1, 50_000)
    assert list(found.fingerprints) == list(KINDS)
    assert found.shares.has("BANKA")
    assert not found.shares.has("BANKB")
    assert (found.officers.rank(77), found.officers.rank(78)) == (0, 256)
    assert found.rates.ratio("EUR", "USD", CLOCK, HOUR_US) == state.rates.ratio("EUR", "USD", CLOCK, HOUR_US)
    assert found.restatement.corrections == [Correction("EUR/USD", CLOCK - DAY_US, 11)]
    assert found.restatement.waiting == {"k1.b": -1, "k1.a": -1}
    assert found.configuration == ADMITTED
    assert found.effective.config_version == fingerprint(ADMITTED)
    assert found.budget.to_state() == state.budget.to_state()
    assert found.scorer.to_state() == state.scorer.to_state()
    assert found.freeze().digest() == state.freeze().digest()


def test_the_configurations_senders_are_known_after_a_load():
    """Who always has a share, and whose verdicts alone count, is not saved but told by the configuration."""
    found = thawed(full())
    assert found.shares.has("BKGGKRSE")
    assert found.officers.are_listed


def test_a_state_that_has_applied_nothing_comes_back():
    """Without a configuration, models or a clock, at offset 0."""
    found = thawed(PartitionState.new(5))
    assert (found.partition, found.ledger_topic, found.next) == (5, "fx.ledger.v1", 0)
    assert (found.configuration, found.effective, found.scorer, found.budget) == (None, None, None, None)
    assert (found.watermark_us, found.watermark) == (None, None)
    assert (found.fallback, found.code_version) == (None, "unknown")
    assert list(found.counters) == list(COUNTERS)
    assert [window.size for window in found.fingerprints.values()] == [0] * 5


def test_the_sections_have_their_names_and_order():
    """What a snapshot of this schema holds; the next release reads it by these names."""
    names = [name.removesuffix("#0") for name, _ in full().freeze().sections()]
    windows = [
        f"{part}/{kind}"
        for kind in KINDS
        for part in ("senders", "fingerprints", "formers")
        if part != "formers" or kind == "transaction"
    ]
    first = ["header", "configuration", "typologies", "shares", "officers", "due clock", "institutions", *windows]
    last = ["rates/EUR/USD", "rates held", "restatement", "parties/0", "renamed/0"]
    assert names[: len(first)] == first
    assert names[-len(last) :] == last
    between = names[len(first) : -len(last)]
    assert between[0].startswith("features/")
    order = list(dict.fromkeys(name.split("/")[0] for name in between))
    assert order == ["features", "budget", "exchange", "ranker", "scorer"]


def test_parties_and_names_are_saved_in_lots_by_their_size():
    """A party of 64 KiB under a token of 64 KiB fills a lot, and so do two names of 64 KiB."""
    state, half = PartitionState.new(0), 64 * 1024
    for number in range(2):
        state.parties[f"{number}" * half] = pack(Party(payments=b"x" * half))
        state.rename(f"{number}" * half, "n" * half, 5)
    names = [name for name, _ in state.freeze().sections()]
    assert [name for name in names if name.startswith(("parties", "renamed")) and name.endswith("#0")] == [
        "parties/0#0",
        "parties/1#0",
        "renamed/0#0",
        "renamed/1#0",
    ]
    assert thawed(state).parties == state.parties
    assert thawed(state).renamed == state.renamed


def test_what_is_applied_later_does_not_change_a_snapshot_in_the_making():
    """It is cut loose: counters, marks, topics, parties, names, fingerprints, typologies."""
    state = full()
    frozen = state.freeze()
    before = frozen.digest()
    assert frozen.next == 17
    state.counters["applied"] += 1
    state.marks[("other", 0, "")] = 1
    state.topic_number("c")
    state.parties["k1.c"] = record()
    state.rename("k0.x", "k1.c", 1)
    state.typologies["T01"]["pieces"][0] += 1
    state.fingerprints["rate"].add(IDENTITY, Known(BODY, 1, 2, 3))
    state.rates.add("GBP", "USD", "1.2", CLOCK, 5, None)
    assert frozen.digest() == before
    assert state.freeze().digest() != before


NEEDED = (
    "header",
    "typologies",
    "rates held",
    "restatement",
    "shares",
    "officers",
    *(f"{part}/{kind}" for kind in KINDS for part in ("senders", "fingerprints")),
)


@pytest.mark.parametrize("missing", NEEDED)
def test_a_snapshot_without_one_of_its_sections_is_refused(missing):
    """The refusal names the section, and what was there instead."""
    sections = [one for one in full().freeze().sections() if one[0].rpartition("#")[0] != missing]
    with pytest.raises(ValueError, match=f"lacks its section {missing}; got: (header|configuration), ") as refused:
        PartitionState.thaw(sections)
    assert str(refused.value).count(",") == 19  # twenty names are enough to see what it is


def test_no_snapshot_at_all_is_refused():
    """No sections: nothing is what it got."""
    with pytest.raises(ValueError, match="lacks its section header; got: nothing"):
        PartitionState.thaw([])


def with_header(**changes: object) -> list[tuple[str, bytes]]:
    """A snapshot whose header says something else."""
    sections = dict(full().freeze().sections())
    header = msgspec.msgpack.decode(sections["header#0"], type=frozen_state.Header)
    sections["header#0"] = msgspec.msgpack.encode(msgspec.structs.replace(header, **changes))
    return list(sections.items())


@pytest.mark.parametrize("schema", [STATE_SCHEMA - 1, STATE_SCHEMA + 1])
def test_a_snapshot_of_another_schema_is_refused(schema):
    """It says both numbers, and that a replay mends it."""
    with pytest.raises(ValueError, match=f"got: {schema}; expected: {STATE_SCHEMA}; to do: replay"):
        PartitionState.thaw(with_header(schema=schema))


@pytest.mark.parametrize("changes", [{"next": -1}, {"counters": {}}, {"counters": dict.fromkeys(COUNTERS[::-1], 0)}])
def test_a_damaged_header_is_refused(changes):
    """A position before the ledger's first record, or other counters than these in this order."""
    with pytest.raises(ValueError, match="header is damaged; got: next"):
        PartitionState.thaw(with_header(**changes))
    assert PartitionState.thaw(with_header(next=0)).next == 0


def test_sections_of_a_wrong_shape_are_refused_as_damaged():
    """Well-formed msgpack that is no state: a `ValueError` as for all other damage."""
    sections = dict(full().freeze().sections())
    sections["header#0"] = msgspec.msgpack.encode(5)
    with pytest.raises(ValueError, match="not of this state's shape: TypeError"):
        PartitionState.thaw(list(sections.items()))
