"""Challengers' state: saved and loaded exactly, and what goes on of it when the configuration changes."""

import msgspec
import pytest

from detectors.configuration_faults import configuration_faults, stopping_faults
from detectors.contracts.configuration import Configuration, DetectorSet, fingerprint
from detectors.memory.challengers import MOST_CHALLENGERS, MOST_CHOSEN, SECTION, Challenger, make_budget
from detectors.memory.exchange import BESIDE
from detectors.memory.state import PartitionState
from detectors.ranking.ensemble import Scorer
from tests.support.challenged import CHALLENGERS, challenged, pay_oddly, put_in_force, quiet, replayed, swapped
from tests.support.ledger import Ledger, later

SET = DetectorSet(members={"robust_z": {}}, warm_up=0)


def learned(ledger: Ledger, detectors: DetectorSet) -> list[tuple[str, bytes]]:
    """What a detector set has learned, whatever its place."""
    return ledger.state.scorer_of(fingerprint(detectors)).to_state()


def test_a_state_with_challengers_is_saved_and_loaded_exactly() -> None:
    """And goes on as the one that was not saved."""
    ledger = quiet(challenged(), days=45)
    pay_oddly(ledger, 45)
    loaded = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert loaded.freeze().digest() == ledger.state.freeze().digest()
    first = pay_oddly(ledger, 46)
    copy = Ledger(challenged())
    copy.log, copy.sources, copy.state = list(ledger.log[:-2]), dict(ledger.sources), loaded
    for event, origin in ledger.log[-2:]:
        second = copy.put(event, origin)
    assert msgspec.json.encode(second.shadow) == msgspec.json.encode(first.shadow)
    assert loaded.freeze().digest() == ledger.state.freeze().digest()


def test_a_replay_gives_the_same_state_and_the_same_records() -> None:
    ledger = quiet(challenged(), days=45)
    found = [pay_oddly(ledger, 45 + day) for day in range(3)]
    state, again = replayed(ledger)
    assert state.freeze().digest() == ledger.state.freeze().digest()
    newest = [one.shadow for one in again[-2 * len(found) :] if one.scored]
    assert newest == [one.shadow for one in found]
    assert all(newest)


def test_without_challengers_the_state_has_no_section_of_theirs() -> None:
    """Its bytes are those of before there were any."""
    names = [name for name, _ in quiet(challenged({}), days=2).state.freeze().sections()]
    assert not any(name.startswith((SECTION, BESIDE)) for name in names)


def test_a_snapshot_whose_challengers_are_others_is_no_state() -> None:
    sections = list(quiet(challenged(), days=2).state.freeze().sections())
    with pytest.raises(ValueError, match=r"missing|lacks"):
        PartitionState.thaw([one for one in sections if not one[0].startswith(f"{SECTION}tails/")])
    foreign = [(name.replace("/tails/", "/other/"), packed) for name, packed in sections]
    with pytest.raises(ValueError, match=r"missing|lacks|does not name"):
        PartitionState.thaw([*sections, *(one for one in foreign if one not in sections)])


def test_a_promoted_challenger_goes_on_with_what_it_learned_and_so_does_the_champion_beside_it() -> None:
    """Nothing is learned anew, and after a roll-back nothing either."""
    first = challenged()
    ledger = quiet(first, days=45)
    pay_oddly(ledger, 45)
    before = {name: learned(ledger, one) for name, one in first.challenging.items()}
    champion = learned(ledger, first.detectors)
    promoted = swapped(first, "robust")

    assert put_in_force(ledger, promoted).outcome == "configuration"
    assert learned(ledger, promoted.detectors) == before["robust"] == ledger.state.scorer.to_state()
    assert ledger.state.challengers["robust"].scorer.to_state() == champion
    assert ledger.state.challengers["tails"].scorer.to_state() == before["tails"]
    assert ledger.state.scorer.detector_set == promoted.detectors

    outputs = pay_oddly(ledger, 46)
    assert [alert.versions.detectors for alert in outputs.alerts] == [fingerprint(promoted.detectors)]
    assert put_in_force(ledger, first).outcome == "refused", "a roll-back carries a report too"
    assert put_in_force(ledger, swapped(promoted, "robust")).outcome == "configuration"
    assert ledger.state.scorer.detector_set == first.detectors
    ledger.rate(later(days=47))
    outputs = ledger.pay("back", later(days=47), "903")
    assert ledger.state.scorer.scored == 48
    assert outputs.assessed.scored.rank is not None


def test_a_set_that_did_not_run_starts_anew_and_the_others_go_on() -> None:
    first = challenged()
    ledger = quiet(first, days=35)
    champion = ledger.state.scorer.to_state()
    put_in_force(ledger, challenged({"new": {"members": {"loda": {}}}, "robust": CHALLENGERS["robust"]}))
    assert ledger.state.scorer.to_state() == champion
    scored = {name: one.scorer.scored for name, one in ledger.state.challengers.items()}
    assert scored == {"new": 0, "robust": 35}
    # one that left and comes back has forgotten
    put_in_force(ledger, first)
    assert {name: one.scorer.scored for name, one in ledger.state.challengers.items()} == {"robust": 35, "tails": 0}


def test_a_challenger_remembers_the_newest_payments_that_it_chose() -> None:
    challenger = Challenger(Scorer.new(SET), make_budget(SET, 12, 0))
    for number in range(MOST_CHOSEN + 1):
        challenger.note_chosen(number)
    assert not challenger.chose(0)
    assert challenger.chose(1)
    assert challenger.chose(MOST_CHOSEN)
    assert len(challenger.chosen) == 8 * MOST_CHOSEN


@pytest.mark.parametrize(
    ("challengers", "told"),
    [
        ({f"c{n}": {"members": {"robust_z": {}}, "seed": n} for n in range(MOST_CHALLENGERS + 1)}, "at most 3"),
        ({"same": {}}, "[challengers.same] is the same detector set as [detectors]"),
        ({"a": CHALLENGERS["robust"], "b": CHALLENGERS["robust"]}, "[challengers.b] is the same detector set"),
        ({"No Name": CHALLENGERS["robust"]}, "a-z, 0-9 and -"),
        ({"a": {"members": {"nobody": {}}}}, "[challengers.a.members] no such detectors"),
        ({"a": {"members": {"robust_z": {}}, "warm_up": -1}}, "[challengers.a] warm_up"),
        ({"a": {"members": {"robust_z": {}}, "weights": {"loda": 2.0}}}, "[challengers.a.weights] no such member"),
    ],
)
def test_challengers_that_cannot_run_are_refused(challengers: dict[str, object], told: str) -> None:
    """By the door, and by the core where one stands in a ledger."""
    plain = msgspec.to_builtins(challenged({}))
    sets = {name: plain["detectors"] | one for name, one in challengers.items()}  # type: ignore[operator]
    given = msgspec.convert(plain | {"challengers": sets}, Configuration)
    for faults in (configuration_faults(given), stopping_faults(given)):
        assert any(told in fault for fault in faults), faults


@pytest.mark.parametrize("promoted", [False, True])
def test_members_named_in_another_order_go_on_and_are_saved(promoted: bool) -> None:
    """Failure prevented: the set is equal, so it goes on, and no snapshot of it could be loaded any more."""
    first = challenged()
    ledger = quiet(first, days=40)
    tables = msgspec.to_builtins(swapped(first, "tails") if promoted else first)
    place = tables["detectors"] if promoted else tables["challengers"]["tails"]
    before = learned(ledger, first.challenging["tails"])
    place["members"] = dict(reversed(place["members"].items()))
    assert put_in_force(ledger, msgspec.convert(tables, Configuration)).outcome == "configuration"
    assert learned(ledger, first.challenging["tails"]) == before
    loaded = PartitionState.thaw(list(ledger.state.freeze().sections()))
    log = len(ledger.log)
    first_told = pay_oddly(ledger, 41)
    copy = Ledger(first)
    copy.state = loaded
    for event, origin in ledger.log[log:]:
        told = copy.put(event, origin)
    assert msgspec.json.encode((told.assessed, told.shadow)) == msgspec.json.encode(
        (first_told.assessed, first_told.shadow)
    )
    assert loaded.freeze().digest() == ledger.state.freeze().digest()


def test_sets_that_differ_by_the_sign_of_a_zero_stay_apart() -> None:
    """Failure prevented: equal numbers with two fingerprints; swapped, the next payment stopped the partition."""
    plus = challenged({})
    minus = msgspec.structs.replace(plus.detectors, exploration=-0.0)
    given = msgspec.structs.replace(plus, challengers={"minus": minus})
    ledger = quiet(given, days=3)
    assert put_in_force(ledger, swapped(given, "minus")).outcome == "configuration"
    loaded = PartitionState.thaw(list(ledger.state.freeze().sections()))
    assert loaded.challengers["minus"].detectors == ledger.state.challengers["minus"].detectors
    assert pay_oddly(ledger, 4).outcome == "applied"
    ledger.state = loaded
    assert ledger.pay("odd", later(days=5), "900").outcome == "applied"


def test_a_payment_is_known_by_whole_numbers() -> None:
    """And found behind a place where two others together look like it. Asked for each payment, so it is one search."""
    challenger = Challenger(Scorer.new(SET), make_budget(SET, 1, 0))
    challenger.note_chosen(0x0000_0000_1111_1111)
    challenger.note_chosen(0x2222_2222_0000_0000)
    assert [challenger.chose(one) for one in (0x1111_1111_2222_2222, 0x2222_2222_0000_0000, 1)] == [False, True, False]
    challenger.note_chosen(0x1111_1111_2222_2222)
    assert challenger.chose(0x1111_1111_2222_2222)
