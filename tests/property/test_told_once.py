"""In whatever order partitions hear one another, and whatever comes again: each record counts once, for all alike."""

from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import core
from detectors.contracts.configuration import fingerprint
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.contracts.learning import Learning, ScoreCounts
from detectors.memory.state import PartitionState
from detectors.ranking.calibration import Level
from streams.settings import overlay_configuration

CONFIGURATION = overlay_configuration({})
DETECTORS = fingerprint(CONFIGURATION.detectors)
TOPIC = "fx.learning.v1"

counts = st.dictionaries(st.integers(0, 40), st.integers(1, 9), min_size=1, max_size=4)
# what one partition tells, record by record; now and then under another detector set
tellers = st.lists(
    st.lists(st.tuples(counts, st.sampled_from((DETECTORS, DETECTORS, "beef"))), max_size=5), min_size=3, max_size=3
)


def begun() -> PartitionState:
    """A partition that has its configuration."""
    state = PartitionState.new(0)
    core.apply(
        state,
        ConfigurationChange(configuration=CONFIGURATION),
        Origin(offset=0, source=None, commitment="", timestamp_ms=0),
    )
    # nothing is forgotten here: what the order changes there is which records a generation begins with
    everyone = _everyone(state)
    everyone.limit = everyone.half
    return state


def _everyone(state: PartitionState) -> Level:
    assert state.scorer is not None
    return state.scorer.calibration.everyone


def _sums(state: PartitionState) -> dict[int, int]:
    return _everyone(state).to_state().newer


def told(teller: int, number: int, bins: dict[int, int], detectors: str) -> Learning:
    """A teller's record."""
    flat = tuple(part for pair in sorted(bins.items()) for part in pair)
    return Learning(partition=teller, number=number, told=ScoreCounts(segments={"s": flat}, detectors=detectors))


def heard(draw: st.DrawFn, tells: list[list[tuple[dict[int, int], str]]]) -> PartitionState:
    """A partition that hears all of it: in an order of its own, with stretches again, told again, saved and loaded."""
    state, at, offsets = begun(), [0] * len(tells), Counter[int]()
    newest: dict[int, list[tuple[Learning, int]]] = {teller: [] for teller in range(len(tells))}

    def put(record: Learning, offset: int) -> None:
        origin = Origin(
            offset=state.next,
            source=Source(TOPIC, record.partition, offset),
            commitment="k:" + "0" * 64,
            timestamp_ms=0,
        )
        core.apply(state, record, origin)

    while any(at[teller] < len(tells[teller]) for teller in range(len(tells))):
        teller = draw(st.sampled_from([one for one in range(len(tells)) if at[one] < len(tells[one])]))
        record = told(teller, at[teller] + 1, *tells[teller][at[teller]])
        put(record, offsets[teller])
        newest[teller].append((record, offsets[teller]))
        at[teller] += 1
        offsets[teller] += 1
        what = draw(st.sampled_from(("on", "redelivered", "told again", "saved")))
        if what == "redelivered":
            for again in newest[teller][draw(st.integers(0, len(newest[teller]) - 1)) :]:
                put(*again)
        elif what == "told again":
            # its position was lost: the same records once more, at new places of the topic
            for again, _ in newest[teller]:
                put(again, offsets[teller])
                offsets[teller] += 1
        elif what == "saved":
            state = PartitionState.thaw(list(state.freeze().sections()))
    return state


@given(tells=tellers, data=st.data())
@settings(max_examples=30)
def test_each_record_counts_once_whatever_the_order(
    tells: list[list[tuple[dict[int, int], str]]], data: st.DataObject
) -> None:
    """Two partitions that hear the same in other orders have the same sums: those of the records of their own set."""
    wanted: Counter[int] = Counter()
    for teller in tells:
        for bins, detectors in teller:
            if detectors == DETECTORS:
                wanted.update(bins)
    every = sum(len(teller) for teller in tells)
    for _ in range(2):
        state = heard(data.draw, tells)
        assert _sums(state) == wanted
        outcomes = state.exchange.outcomes
        assert outcomes["score_counts applied"] + outcomes["score_counts passed"] == every


@given(tells=tellers, data=st.data())
@settings(max_examples=20)
def test_a_replay_of_one_ledger_gives_the_same_state(
    tells: list[list[tuple[dict[int, int], str]]], data: st.DataObject
) -> None:
    """Saved and loaded in between, or not."""
    log: list[tuple[Learning, Origin]] = []
    apply = core.apply

    def kept(state: PartitionState, event: Learning, origin: Origin) -> object:
        if isinstance(event, Learning):
            log.append((event, msgspec.structs.replace(origin)))
        return apply(state, event, origin)

    core.apply = kept  # type: ignore[assignment]
    try:
        first = heard(data.draw, tells)
    finally:
        core.apply = apply
    again = begun()
    for event, origin in log:
        apply(again, event, origin)
    assert again.freeze().digest() == first.freeze().digest()
