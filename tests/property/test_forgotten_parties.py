"""Whatever is written to a partition that is full of parties: nobody falls below its part, and no snapshot matters."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.books.party import owner_of
from detectors.contracts.events import ConfigurationChange, Profile
from detectors.memory.state import PartitionState
from detectors.values.shares import OFFICES, OTHERS
from tests.support.ledger import Ledger, configuration, digest16, later

SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONFIGURATIONS = [
    configuration(engine={"parties": size}, admission={"institutions": listed})
    for size, listed in ((6, ["A", "B"]), (3, ["B"]), (9, []))
]
NAMES = [f"k2.0a3.{number}" for number in range(14)]
STEP = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["pay"] * 6 + ["profile", "change"]),
        "party": st.sampled_from(NAMES),
        "former": st.booleans(),
        "institution": st.sampled_from(["A", "B", "C", *(f"F{number}" for number in range(70))]),
        "which": st.integers(0, 2),
        "hours": st.integers(0, 100),  # in all less than 435 days: nobody is idle
    }
)


def take(book: Ledger, number: int, hours: int, step: dict[str, Any]) -> None:
    """One record of the stream, `hours` after its beginning."""
    at, token = later(hours=hours), step["party"]
    former = token.replace("k2", "k1")
    if step["kind"] == "change":
        event = ConfigurationChange(configuration=CONFIGURATIONS[step["which"]])
        book.put(event, book.origin("fx.rules.v1"))
    elif step["kind"] == "profile":
        name = f"p{number}"
        known = Profile(
            event_id=name,
            identity=digest16(name),
            body=digest16(name),
            as_of=at,
            party=token,
            party_type="person",
            previous={token: former} if step["former"] else {},
        )
        book.put(known, book.origin("fx.profiles.v1"))
    elif step["former"]:
        book.pay(f"e{number}", at, "10", party=token, institution=step["institution"], previous={token: former})
    else:
        # a worker with the key of before names the former token
        book.pay(f"e{number}", at, "10", party=former if number % 5 == 0 else token, institution=step["institution"])


def share_of(state: PartitionState, owner: str) -> str:
    """The share that an owner's parties are counted in."""
    return owner if owner == OFFICES or state.shares.has(owner) else OTHERS


def recounted(state: PartitionState) -> dict[str, int]:
    """How many parties each share holds, by the records alone."""
    held: dict[str, int] = {}
    for record in state.parties.values():
        share = share_of(state, owner_of(record))
        held[share] = held.get(share, 0) + 1
    return held


@SETTINGS
@given(st.lists(STEP, min_size=1, max_size=80), st.integers(1, 7))
def test_a_full_partition_is_fair_and_the_same_whenever_it_is_saved(steps: list[dict[str, Any]], every: int) -> None:
    """Held is what the records say; what goes is of a share that has its part yet; former names lead to parties."""
    whole, cut, hours = Ledger(CONFIGURATIONS[0]), Ledger(CONFIGURATIONS[0]), 0
    for number, step in enumerate(steps):
        hours += step["hours"]
        state = whole.state
        before, gone_before = dict(state.parties), state.counters["parties_forgotten"]
        for book in (whole, cut):
            take(book, number, hours, step)
        held = recounted(state)
        assert {share: state.parties.held(share) for share in held} == held
        gone = before.keys() - state.parties.keys() - set(state.renamed)
        parts = state.parties._quotas
        for token in gone:
            share = share_of(state, owner_of(before[token]))
            assert held.get(share, 0) >= parts.get(share, 0), token
        assert len(gone) <= state.counters["parties_forgotten"] - gone_before
        if step["kind"] != "change":
            assert len(state.parties) <= state.parties.size
        assert all(state.newest_name(former) in state.parties for former in state.renamed)
        if number % every == 0:
            cut.state = PartitionState.thaw(list(cut.state.freeze().sections()))
    assert whole.state.freeze().digest() == cut.state.freeze().digest()
