"""What a configuration changes in a partition's state: models, budget, windows and shares."""

from datetime import date

import msgspec
import pytest

from detectors.books.fingerprints import Known
from detectors.books.party import Party, pack
from detectors.contracts.configuration import fingerprint
from detectors.memory.effective_configuration import Effective
from detectors.memory.state import PartitionState
from detectors.ranking.budget import Budget, Ceiling
from detectors.ranking.calibration import FINEST
from detectors.ranking.fused_members import derived_seed
from detectors.values.legal_calendar import DAY_US, HOUR_US
from detectors.values.shares import OFFICES, GivenShare, Shares
from tests.support.ledger import configuration
from tests.unit.detectors.memory.test_state import ADMITTED, BODY, CLOCK, FORMER, IDENTITY, KINDS, full, thawed

DEFAULT = configuration()


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
    """Its share of the day, the finest rank that there is, and the ceiling."""
    state = PartitionState.new(3)
    state.install(DEFAULT)
    detectors, partitions = DEFAULT.detectors, DEFAULT.engine.partitions
    expected = Budget.new(
        detectors.daily_budget,
        partitions,
        detectors.exploration,
        derived_seed(detectors.seed, "budget", "3"),
        finest_rank=FINEST,
        ceiling=Ceiling(0.002, 2.0),
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
