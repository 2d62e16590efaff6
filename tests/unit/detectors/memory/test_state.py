"""The state of a partition: what it saves and in which sections, what it refuses, how its clock and names move."""

from datetime import date

import msgspec
import pytest

from detectors.books.fingerprints import Known
from detectors.books.party import Party, pack
from detectors.books.restatement import Correction
from detectors.contracts.configuration import fingerprint
from detectors.memory import frozen_state
from detectors.memory import state as state_module
from detectors.memory.effective_configuration import Effective
from detectors.memory.frozen_state import COUNTERS, STATE_SCHEMA
from detectors.memory.state import MOST_SWEPT, PartitionState
from detectors.ranking.budget import Budget
from detectors.ranking.ensemble import derived_seed
from detectors.rates.reference_rates import KEPT_US
from detectors.values.legal_calendar import DAY_US, HOUR_US
from detectors.values.shares import OFFICES, GivenShare, Shares
from tests.support.ledger import configuration

DEFAULT = configuration()
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
    state.officers.counted(77, CLOCK)
    state.rates.add("EUR", "USD", "1.1", CLOCK, 4, None)
    state.correct("EUR/USD", CLOCK - DAY_US, 11)
    return state


def thawed(state: PartitionState) -> PartitionState:
    """The state as a snapshot gives it back."""
    return PartitionState.thaw(list(state.freeze().sections()))


# Saved and loaded


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
    first = ["header", "configuration", "typologies", "shares", "officers", *windows]
    last = ["rates/EUR/USD", "rates held", "restatement", "parties/0", "renamed/0"]
    assert names[: len(first)] == first
    assert names[-len(last) :] == last
    between = names[len(first) : -len(last)]
    assert between[0].startswith("features/")
    order = list(dict.fromkeys(name.split("/")[0] for name in between))
    assert order == ["features", "budget", "scorer"]


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


# Refused


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


# The configuration in force


def test_what_is_in_force_is_ready_to_use():
    """Lateness and staleness in microseconds, the zone, and three versions that tell configurations apart."""
    found = Effective(DEFAULT)
    assert (found.lateness_us, found.stale_us, found.zone.key) == (35 * DAY_US, 26 * HOUR_US, "Asia/Seoul")
    assert found.config_version == fingerprint(DEFAULT)
    assert found.detectors_version == fingerprint(DEFAULT.detectors)
    assert found.rules_version == fingerprint(DEFAULT.rules)
    assert found.rulebook.limit("T02", "annual_cap", date(2025, 1, 1)) is not None
    assert found.rate_limits.typical_of("USD", "KRW") == 1300


def test_a_budget_is_drawn_by_the_detectors_seed_and_the_partition():
    """Its share of the day, and the finest rank that the calibration window can tell."""
    state = PartitionState.new(3)
    state.install(DEFAULT)
    detectors, partitions = DEFAULT.detectors, DEFAULT.engine.partitions
    expected = Budget.new(
        detectors.daily_budget,
        partitions,
        detectors.exploration,
        derived_seed(detectors.seed, "budget", "3"),
        finest_rank=1.0 / (detectors.calibration_window + 1),
    )
    assert state.budget.to_state() == expected.to_state()


def test_models_and_budget_start_anew_only_where_what_they_rest_on_changed():
    """The same again: both stay. More partitions: another budget. Other detectors: both are new."""
    state = PartitionState.new(3)
    state.install(DEFAULT)
    scorer, budget = state.scorer, state.budget
    state.install(configuration(engine={"case_window_days": 10}))
    assert (state.scorer, state.budget) == (scorer, budget)
    assert state.configuration.engine.case_window_days == 10
    state.install(configuration(engine={"partitions": 24}))
    assert state.scorer is scorer
    assert state.budget is not budget
    budget = state.budget
    state.install(configuration(engine={"partitions": 24}, detectors={"seed": 5}))
    assert state.scorer is not scorer
    assert state.budget is not budget


def test_a_configuration_that_cannot_be_used_leaves_the_one_before_in_force():
    """A time zone that is none."""
    state = full()
    before = state.freeze().digest()
    bad = msgspec.structs.replace(DEFAULT, engine=msgspec.structs.replace(DEFAULT.engine, time_zone="Nowhere/None"))
    with pytest.raises(Exception, match="Nowhere"):
        state.install(bad)
    assert (state.configuration, state.freeze().digest()) == (ADMITTED, before)


def test_a_configuration_resizes_windows_and_takes_shares_from_whom_it_names_no_more():
    """Every kind's window; events of a listed bank stand with the others once it is not listed."""
    state = PartitionState.new(3)
    state.install(ADMITTED)
    for kind in KINDS:
        state.fingerprints[kind].add(IDENTITY, Known(BODY, 1, 2, 3), None, "BKGGKRSE")
        state.fingerprints[kind].add(FORMER, Known(BODY, 1, 2, 4), None, "BKGGKRSE")
        assert state.fingerprints[kind].held("BKGGKRSE") == 2
    state.install(configuration(engine={"fingerprints": 1}))
    for kind in KINDS:
        window = state.fingerprints[kind]
        assert (window.size, len(window), window.held("BKGGKRSE"), window.held()) == (1, 1, 0, 1)
    assert not state.shares.has("BKGGKRSE")


def test_who_gives_its_share_up_stands_with_the_others_among_payments(monkeypatch):
    """The shares are told the clock; only where they say that something changed are the places given out anew."""
    state, asked = PartitionState.new(3), []
    state.install(DEFAULT)
    window = state.fingerprints["transaction"]
    window.add(IDENTITY, Known(BODY, 1, 2, 3), None, "BANKX")
    answers = iter([GivenShare(None, changed=False), GivenShare(None, changed=True), GivenShare("BANKX", changed=True)])
    monkeypatch.setattr(state.shares, "give", lambda *given: asked.append(given) or next(answers))
    monkeypatch.setattr(state.shares, "quotas", lambda size: {"": size, "asked": len(asked)})
    window.share_out({"before": 1})
    state.give_share("BANKA", 5)
    assert (window._quotas, window.held("BANKX")) == ({"before": 1}, 1)
    state.give_share("BANKB", CLOCK)
    assert (window._quotas, window.held("BANKX")) == ({"": 50_000, "asked": 2}, 1)
    state.give_share("BANKC", CLOCK + 1)
    assert (window._quotas, window.held("BANKX"), window.held()) == ({"": 50_000, "asked": 3}, 0, 1)
    assert asked == [("BANKA", 5), ("BANKB", CLOCK), ("BANKC", CLOCK + 1)]


def test_a_configuration_and_a_load_give_the_places_out_anew(monkeypatch):
    """In every kind's window, by its size."""
    state = full()
    assert thawed(state).fingerprints["transaction"]._quotas == state.fingerprints["transaction"]._quotas != {}
    monkeypatch.setattr(Shares, "quotas", lambda shares, size: {"": size})
    assert [window._quotas for window in thawed(state).fingerprints.values()] == [{"": 50_000}] * 5
    state.install(configuration(engine={"fingerprints": 7}))
    assert [window._quotas for window in state.fingerprints.values()] == [{"": 7}] * 5


def test_parties_have_their_places_shared_out_whenever_the_windows_have(monkeypatch):
    """At a configuration, a load, and where shares change; three quarters among institutions, a quarter for offices."""
    state, shares = PartitionState.new(3), {"A": 7}
    monkeypatch.setattr(Shares, "quotas", lambda _, size: {name: size // each for name, each in shares.items()})
    state.parties["a"] = pack(Party(owner="BKGGKRSE"))
    assert (state.parties.size, state.parties.held("BKGGKRSE")) == (1_000_000, 1)
    state.install(configuration(engine={"parties": 100}, admission={"institutions": ["BKGGKRSE"]}))
    assert (state.parties.size, state.parties._quotas) == (100, {"A": 75 // 7, OFFICES: 25})
    assert (thawed(state).parties.size, thawed(state).parties._quotas) == (100, {"A": 75 // 7, OFFICES: 25})
    shares["A"] = 3
    state.parties["b"] = pack(Party(owner="BANKB"))
    state.give_share("BANKB", CLOCK)
    assert (state.parties.size, state.parties._quotas) == (100, {"A": 25, OFFICES: 25})
    # neither listed by the configuration nor an office, but with a share of its own
    assert (state.parties.held("BANKB"), thawed(state).parties.held("BANKB"), state.parties.held()) == (1, 1, 0)
    assert thawed(state).parties.held("BKGGKRSE") == 1
    state.install(configuration(engine={"parties": 4}))
    assert (state.parties.size, state.parties.held("BKGGKRSE"), state.parties.held()) == (4, 0, 1)
    assert (thawed(state).parties.held("BKGGKRSE"), thawed(state).parties.held()) == (0, 1)


def test_a_party_that_is_forgotten_takes_its_former_names_with_it_and_is_counted():
    """Those that still lead to it; a name that leads to another party stays."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    state.parties["c"] = pack(Party(formers=["a", "b", "x", "never"]))
    state.parties["y"] = pack(Party(last_us=1))
    for former, name in (("a", "b"), ("b", "c"), ("x", "y")):
        state.rename(former, name, 5)
    state.forget_parties("")
    assert (list(state.parties), list(state.renamed)) == (["y"], ["x"])
    state.forget_parties("")
    assert state.counters["parties_forgotten"] == 1


def test_the_share_of_the_party_that_was_touched_last_is_asked_first():
    """Of two that hold more than their parts, although the other one comes first by name."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    for token, owner in (("a", "A"), ("b", "B")):
        state.parties[token] = pack(Party(owner=owner))
    state.forget_parties("B")
    assert list(state.parties) == ["a"]


def test_a_record_forgets_a_few_hundred_parties_at_most():
    """What is left over goes at the next ones."""
    state = PartitionState.new(3)
    state.install(configuration(engine={"parties": 1}))
    for number in range(MOST_SWEPT + 3):
        state.parties[f"p{number}"] = record()
    state.forget_parties("")
    assert list(state.parties) == [f"p{MOST_SWEPT}", f"p{MOST_SWEPT + 1}", f"p{MOST_SWEPT + 2}"]
    state.forget_parties("")
    assert list(state.parties) == [f"p{MOST_SWEPT + 2}"]
    assert state.counters["parties_forgotten"] == MOST_SWEPT + 2


# Names, clock, corrections


def test_a_party_is_found_under_its_newest_name_however_often_it_was_renamed():
    """The newer name and the time up to which both were in use, the last one renamed last."""
    state = PartitionState.new(3)
    state.rename("a", "b", 0)
    assert state.renamed == {"a": ("b", 0)}
    state.rename("b", "c", 6)
    assert [state.newest_name(name) for name in "abcd"] == ["c", "c", "c", "d"]
    state.watermark_us = 8
    state.rename("a", "c", 7)
    assert list(state.renamed.items()) == [("b", ("c", 6)), ("a", ("c", 8))]


def test_the_clock_moves_forward_only():
    """It is told in seconds, too."""
    state = PartitionState.new(3)
    for at_us, expected in ((-5, -5), (7_000_000, 7_000_000), (6_000_000, 7_000_000)):
        state.advance(at_us)
        assert state.watermark_us == expected
    assert state.watermark == 7.0


@pytest.mark.parametrize("what", ["parties", "names"])
@pytest.mark.parametrize(("idle", "gone", "swept"), [(0, 0, True), (2, 2, True), (3, 3, False), (4, 3, False)])
def test_an_hour_is_swept_when_less_than_a_step_was_idle(monkeypatch, what, idle, gone, swept):
    """Three at a step here. Silent for 435 days to the microsecond is not idle; what stands behind it waits."""
    monkeypatch.setattr(state_module, "MOST_SWEPT", 3)
    state = PartitionState.new(3)
    state.install(DEFAULT)
    edge = CLOCK - (400 + 35) * DAY_US
    times = [edge - 1] * idle + [edge, edge - 1, CLOCK]  # what stands behind one that is not idle was touched later
    for number, at_us in enumerate(times):
        if what == "parties":
            state.parties[f"p{number}"] = record(at_us)
        else:
            state.rename(f"p{number}", "n", at_us)
    state.advance(CLOCK)
    left = state.parties if what == "parties" else state.renamed
    assert list(left) == [f"p{number}" for number in range(gone, len(times))]
    assert state.swept_hour == (CLOCK // HOUR_US if swept else 0)
    state.advance(CLOCK)
    assert state.swept_hour == CLOCK // HOUR_US
    assert len(left) == 3


def test_nothing_is_swept_twice_in_an_hour_or_before_a_configuration():
    """Once an hour of the clock; how long parties are kept is the configuration's to say."""
    state = PartitionState.new(3)
    state.parties["old"] = record()
    state.advance(CLOCK)
    assert (list(state.parties), state.swept_hour) == (["old"], 0)
    state.install(DEFAULT)
    state.swept_hour = CLOCK // HOUR_US
    state.advance(CLOCK)
    assert list(state.parties) == ["old"]


def test_rates_are_kept_for_what_may_yet_come_and_for_corrections_under_way():
    """36 days and what that constant says; two days before the oldest rate that is being corrected, if that is more."""
    state = PartitionState.new(3)
    assert state.rates_horizon_us is None
    state.watermark_us = CLOCK
    assert state.rates_horizon_us == CLOCK - KEPT_US
    state.parties["p"] = record()
    state.correct("EUR/USD", CLOCK, 1)
    assert state.rates_horizon_us == CLOCK - KEPT_US
    state.correct("EUR/USD", CLOCK - KEPT_US, 2)
    assert state.rates_horizon_us == CLOCK - KEPT_US - 2 * DAY_US
    assert state.restatement.corrections == [Correction("EUR/USD", CLOCK, 1), Correction("EUR/USD", CLOCK - KEPT_US, 2)]
