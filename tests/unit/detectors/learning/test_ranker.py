"""The chance of being confirmed: what is said before much is known, how right it is, and whom nobody can drown."""

import random

import numpy as np
import pytest

from detectors.learning.kept_lessons import KeptLessons
from detectors.learning.ranker import LEAST_LESSONS, Ranker, _weights
from tests.support.taught import drawn_inputs, drawn_lessons, lesson_of, true_chance


def taught(*lessons: object) -> Ranker:
    """A ranker that learned these lessons."""
    ranker = Ranker()
    for lesson in lessons:
        ranker.learn(lesson)  # type: ignore[arg-type]
    return ranker


def said(ranker: Ranker, inputs: dict[str, int], lead: str = "anomaly") -> float:
    """The probability, which must be there."""
    chance = ranker.chance(lead, inputs)
    assert chance is not None
    return chance.probability


def test_nothing_is_said_before_there_are_lessons_enough() -> None:
    lessons = drawn_lessons(LEAST_LESSONS, 1)
    ranker = taught(*lessons[:-1])
    assert ranker.chance("anomaly", {}) is None
    ranker.learn(lessons[-1])
    chance = ranker.chance("anomaly", {})
    assert chance is not None
    assert chance.lessons == LEAST_LESSONS


def test_few_lessons_leave_the_chance_near_the_base_rate() -> None:
    lessons = [lesson_of(number, number % 4 == 0, inputs={"hour": 512 * (number % 4 == 0)}) for number in range(24)]
    ranker = taught(*lessons)

    base = (6 + 1) / (24 + 2)
    lead = (6 + 10 * base) / (24 + 10)
    # the model's word weighs 24 / 224, and it is at most 1
    assert lead < said(ranker, {"hour": 512}) < lead + 24 / 224
    assert said(ranker, {}) < lead


def test_a_lead_has_a_rate_of_its_own_as_far_as_it_has_lessons() -> None:
    lessons = [lesson_of(number, confirmed=True, lead="T03", inputs={}) for number in range(20)]
    lessons += [lesson_of(100 + number, confirmed=False, inputs={}) for number in range(20)]
    ranker = taught(*lessons)

    assert said(ranker, {}, "T03") > said(ranker, {}, "T99") > said(ranker, {})


def test_after_a_thousand_lessons_the_chance_is_right_on_alerts_never_seen() -> None:
    """Order and level: eight alerts in ten rightly ordered by pairs, and no tenth of them off by 10 points."""
    ranker, lots = taught(*drawn_lessons(1000, 4)), random.Random(77)
    seen = [drawn_inputs(lots) for _ in range(2000)]
    told = np.array([said(ranker, inputs) for inputs in seen])
    true = np.array([true_chance(inputs) for inputs in seen])

    order = np.argsort(told)
    for tenth in np.array_split(order, 10):
        assert told[tenth].mean() == pytest.approx(true[tenth].mean(), abs=0.1)
    right = np.sign(told[:1000] - told[1000:]) == np.sign(true[:1000] - true[1000:])
    assert right.mean() > 0.8


def test_a_lesson_taken_back_leaves_no_trace_in_what_is_said() -> None:
    lessons = drawn_lessons(200, 6)
    without = taught(*lessons[:150], *lessons[151:])
    ranker = taught(*lessons)
    for inputs in ({}, {"amount_own": 700}, {"T03": 200}):
        before = said(ranker, inputs)
        ranker.learn(lesson_of(900, None, takes_back=(lessons[150].lesson,)))
        assert said(ranker, inputs) == said(without, inputs)
        ranker.learn(lessons[150])
        assert said(ranker, inputs) == before


def test_one_officer_who_confirms_everything_does_not_drown_the_others() -> None:
    honest = [lesson for officer in (1, 2, 3) for lesson in drawn_lessons(200, officer, officer, officer * 1000)]
    lots = random.Random(8)
    flood = [
        lesson_of(10_000 + number, confirmed=True, officer=9, inputs=drawn_inputs(lots)) for number in range(10_000)
    ]
    ranker = taught(*honest, *flood)

    usual, odd = {"hour": 700}, {"amount_own": 700, "T03": 200}
    assert true_chance(usual) < 0.05
    assert true_chance(odd) > 0.9
    assert said(ranker, usual) < 0.6
    assert said(ranker, odd) > 0.9


def test_no_officer_weighs_more_than_all_others_together() -> None:
    kept = KeptLessons()
    for number in range(10):
        kept.take(lesson_of(number, officer=1))
    assert _weights(list(kept)).sum() == 10 * 256
    for number in range(100, 102):
        kept.take(lesson_of(number, officer=2))
    standing = list(kept)
    by_officer = {
        officer: sum(
            weight for (one, _), weight in zip(standing, _weights(standing).tolist(), strict=True) if one == officer
        )
        for officer in (1, 2)
    }
    assert by_officer == {1: 10 * (256 * 512 // 2560), 2: 512}


def test_officers_who_judge_one_alert_share_its_weight() -> None:
    kept = KeptLessons()
    for officer in (1, 2):
        kept.take(lesson_of(officer, officer=officer, alert_id=f"{7:032x}"))
    assert _weights(list(kept)).tolist() == [128, 128]


def test_the_state_says_the_same_bit_for_bit() -> None:
    ranker = taught(*drawn_lessons(300, 3))
    again = Ranker.from_state(ranker.to_state())

    assert again.to_state() == ranker.to_state()
    assert again.standing == 300
    for inputs in ({}, {"amount_own": 300}):
        assert again.chance("anomaly", inputs) == ranker.chance("anomaly", inputs)


def test_verdicts_of_one_kind_alone_give_a_chance_and_no_certainty() -> None:
    ranker = taught(*[lesson_of(number, confirmed=False) for number in range(500)])
    assert 0.0 < said(ranker, {"amount_own": 256}) < 0.02
