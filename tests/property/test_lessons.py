"""Lessons in any order, with any of them taken back, come to what the others come to alone."""

import random
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from detectors.contracts.learning import Lesson
from detectors.learning.ranker import Ranker
from tests.support.taught import drawn_lessons, lesson_of

LOOKED_AT = ({}, {"amount_own": 600}, {"hour": 300, "T03": 128}, {"cadence": 900})


def said(ranker: Ranker) -> list[object]:
    """What it says of some alerts, bit for bit."""
    return [ranker.chance(lead, dict(inputs)) for inputs in LOOKED_AT for lead in ("anomaly", "T03")]


@st.composite
def told_and_taken_back(draw: st.DrawFn) -> tuple[list[Lesson], list[Lesson], list[Lesson]]:
    """Lessons, which of them are taken back, and a stream of all of it: each lesson before what takes it back."""
    lessons = drawn_lessons(draw(st.integers(20, 60)), draw(st.integers(0, 10**6)), officer=draw(st.integers(1, 3)))
    gone = draw(st.sets(st.sampled_from([lesson.lesson for lesson in lessons])))
    lots = random.Random(draw(st.integers(0, 10**6)))
    taking = [
        lesson_of(5000 + number, None, takes_back=(one,), decided_us=5000 * 10**6)
        for number, one in enumerate(sorted(gone))
    ]
    stream = list(lessons)
    lots.shuffle(stream)
    for one in taking:
        first = next(place for place, lesson in enumerate(stream) if lesson.lesson == one.takes_back[0])
        stream.insert(lots.randint(first + 1, len(stream)), one)
    again = [lots.choice(lessons[1:]) for _ in range(5)]
    stream += [one for one in again if one.lesson not in gone]
    return lessons, [lesson for lesson in lessons if lesson.lesson not in gone], stream


@given(told_and_taken_back())
def test_any_order_with_any_of_them_taken_back_is_as_if_those_never_were(
    made: tuple[list[Lesson], list[Lesson], list[Lesson]],
) -> None:
    _, left, stream = made
    ranker, plain = Ranker(), Ranker()
    for lesson in stream:
        ranker.learn(lesson)
    for lesson in left:
        plain.learn(lesson)

    assert ranker.standing == plain.standing == len(left)
    assert said(ranker) == said(plain)
    assert said(Ranker.from_state(ranker.to_state())) == said(plain)


@given(st.integers(0, 10**6), st.lists(st.integers(1, 4), min_size=30, max_size=60), st.integers(2, 12))
def test_officers_beyond_their_share_lose_the_same_lessons_in_any_order(
    seed: int, officers: list[int], most: int
) -> None:
    lessons = [lesson_of(number, officer=officer) for number, officer in enumerate(officers)]
    shuffled = list(lessons)
    random.Random(seed).shuffle(shuffled)
    found = []
    with mock.patch("detectors.learning.kept_lessons.MOST_LESSONS", most):
        for order in (lessons, shuffled):
            ranker = Ranker()
            ranker._lessons._level = most
            for lesson in order:
                ranker.learn(lesson)
            found.append({(officer, kept.alert) for officer, kept in ranker._lessons})
            assert len(found[-1]) <= most
    assert found[0] == found[1]
