"""The gate over legs: several of one record in one partition, and redelivery at every place."""

from itertools import product

import pytest

from detectors.contracts.events import Source
from detectors.memory.marks import MOST_TOPICS, LegGate, find_mark

T, D = "fx.transactions.v1", "customs.declarations.v1"
# legs of one partition: two records with several legs there, one with a gap in the numbers, and another input between
STREAM = [(T, 3, 0), (T, 3, 1), (D, 0, 0), (T, 4, 2), (T, 7, 0), (T, 7, 1), (T, 7, 3), (D, 5, 0), (T, 8, 1)]


def counted(legs: list[tuple[str, int, int]], gate: LegGate | None = None) -> list[tuple[str, int, int]]:
    """The legs that the gate lets in."""
    gate = gate or LegGate()
    return [leg for leg in legs if gate.enter(Source(leg[0], 0, leg[1]), "id", leg[2])]


def test_each_leg_of_a_record_counts():
    """Failure prevented: by the offset alone the second leg of a record would pass as redelivered."""
    assert counted(STREAM) == STREAM


@pytest.mark.parametrize("back", range(len(STREAM) + 1))
def test_redelivery_at_every_place_counts_nothing_twice(back):
    """A crash at any leg, and a new beginning at any earlier record, of the one input and of the other; twice over."""
    for ended in range(back, len(STREAM) + 1):
        # ingest begins at a record, not at a leg: all legs of it come again
        begun = next((at for at in range(len(STREAM)) if STREAM[at][:2] == STREAM[min(back, 8)][:2]), back)
        again = STREAM[:ended] + STREAM[begun:ended] + STREAM[begun:]
        assert counted(again) == STREAM


def test_what_is_loaded_goes_on_where_it_was():
    """The marks are all of the gate; they can be kept at any place."""
    for cut in range(len(STREAM) + 1):
        gate = LegGate()
        first = counted(STREAM[:cut], gate)
        assert first + counted(STREAM, LegGate(dict(gate.marks))) == STREAM


def test_partitions_and_topic_ids_have_marks_of_their_own():
    """The same positions of another input partition, and of a topic that was created again, are other legs."""
    gate = LegGate()
    for topic_id, partition in product(("X", "Y"), (0, 1)):
        assert gate.enter(Source(T, partition, 0), topic_id, 0)
        assert gate.enter(Source(T, partition, 0), topic_id, 1)
        assert not gate.enter(Source(T, partition, 0), topic_id, 1)
        assert not gate.enter(Source(T, partition, 0), topic_id, 0)
    assert gate.marks == dict.fromkeys([(T, 0, "X"), (T, 1, "X"), (T, 0, "Y"), (T, 1, "Y")], (0, 1))


def test_a_leg_of_an_earlier_release_counts_as_the_first_of_its_record():
    """It has no number. Redelivered by a release that writes more legs, only what is new of it counts."""
    gate = LegGate()
    assert gate.enter(Source(T, 0, 5), "", 0)
    assert [gate.enter(Source(T, 0, 5), "X", number) for number in (0, 1, 2)] == [False, True, True]
    assert gate.marks == {(T, 0, "X"): (5, 2)}


def test_the_marks_of_deleted_topics_do_not_grow_for_ever():
    """The oldest goes first, and only of the same input partition."""
    marks = {(T, 0, f"T{number}"): number for number in range(MOST_TOPICS)} | {(T, 1, "T0"): 7}
    assert find_mark(marks, Source(T, 0, 0), "new") == (T, 0, "new")
    assert list(marks) == [(T, 0, f"T{number}") for number in range(1, MOST_TOPICS)] + [(T, 1, "T0")]
    assert find_mark(marks, Source(T, 0, 0), "") == (T, 0, "T7")
    assert find_mark(marks, Source(T, 2, 0), "") == (T, 2, "")
