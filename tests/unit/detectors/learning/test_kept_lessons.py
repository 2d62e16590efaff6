"""Lessons that stand: told once, taken back exactly, bounded, and each officer with a share."""

import msgspec
import pytest

from detectors.learning import kept_lessons
from detectors.learning.kept_lessons import KeptLesson, KeptLessons
from tests.support.taught import lesson_of


def standing(kept: KeptLessons) -> set[tuple[int, bytes]]:
    """Officer and alert of every lesson that stands."""
    return {(officer, one.alert) for officer, one in kept}


def id_of(number: int) -> str:
    """The id of the lesson of a number."""
    return f"{number:032x}"


def test_a_lesson_is_kept_as_it_was_told() -> None:
    kept = KeptLessons()
    assert kept.take(lesson_of(7, officer=3, lead="T03", selected=0.5, inputs={"T03": 128, "hour": -5000}))

    [(officer, one)] = kept
    assert officer == 3
    assert (kept.name(one.inputs[0]), one.inputs[1]) == ("T03", 128)
    assert (kept.name(one.inputs[2]), one.inputs[3]) == ("hour", -2047)
    assert (kept.name(one.lead), one.confirmed, one.weight) == ("T03", True, 512)


def test_a_lesson_told_twice_counts_once() -> None:
    kept = KeptLessons()
    assert [kept.take(lesson_of(1)), kept.take(lesson_of(1))] == [True, False]
    assert len(list(kept)) == 1


def test_an_input_on_no_list_is_not_kept() -> None:
    kept = KeptLessons()
    kept.take(lesson_of(1, inputs={"nationality": 256, "party": 3, "hour": 9}))

    [(_, one)] = kept
    assert [kept.name(number) for number in one.inputs[::2]] == ["hour"]


def test_what_is_taken_back_stands_no_more_and_may_be_told_again() -> None:
    kept = KeptLessons()
    kept.take(lesson_of(1))
    assert kept.take(lesson_of(2, None, takes_back=(id_of(1),)))
    assert standing(kept) == set()
    assert not kept.take(lesson_of(2, None, takes_back=(id_of(1),)))
    assert kept.take(lesson_of(1))
    assert len(standing(kept)) == 1


def test_taking_back_what_nobody_told_changes_nothing() -> None:
    kept = KeptLessons()
    assert not kept.take(lesson_of(1, None, takes_back=(id_of(9),)))
    assert kept.to_state() == KeptLessons().to_state()


def test_a_changed_mind_is_one_record_that_takes_back_and_teaches() -> None:
    kept = KeptLessons()
    kept.take(lesson_of(1, confirmed=True))
    kept.take(lesson_of(2, confirmed=False, alert_id=id_of(1), takes_back=(id_of(1),)))

    assert [one.confirmed for _, one in kept] == [False]


@pytest.mark.parametrize(("selected", "weight"), [(1.0, 256), (0.5, 512), (0.01, 1024), (0.0, 1024)])
def test_what_was_seldom_chosen_counts_for_more_up_to_a_bound(selected: float, weight: int) -> None:
    kept = KeptLessons()
    kept.take(lesson_of(1, selected=selected))
    assert [one.weight for _, one in kept] == [weight]


def test_an_officer_of_many_verdicts_pushes_out_none_of_the_others() -> None:
    kept = KeptLessons()
    for number in range(100):
        kept.take(lesson_of(number, officer=2))
    for number in range(1000, 11_000):
        kept.take(lesson_of(number, officer=1))

    left = standing(kept)
    assert sum(officer == 2 for officer, _ in left) == 100
    own = {int.from_bytes(alert) for officer, alert in left if officer == 1}
    assert own == set(range(11_000 - (kept_lessons.MOST_LESSONS - 100), 11_000))


def test_a_hundred_thousand_lessons_of_any_number_of_officers_stay_bounded() -> None:
    kept = KeptLessons()
    for number in range(100_000):
        kept.take(lesson_of(number, officer=number % 5000))

    assert len(list(kept)) <= kept_lessons.MOST_LESSONS
    assert len(kept.to_state()) < 1_500_000


def test_what_is_taken_back_keeps_its_place_so_that_no_older_lesson_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_lessons, "MOST_LESSONS", 4)
    with_it, without = KeptLessons(), KeptLessons()
    for kept in (with_it, without):
        kept._level = 4
    for number in range(1, 7):
        with_it.take(lesson_of(number))
        without.take(lesson_of(number))
    with_it.take(lesson_of(9, None, takes_back=(id_of(5),)))

    assert standing(with_it) == standing(without) - {(1, bytes.fromhex(id_of(5)))}


def test_names_are_bounded() -> None:
    kept = KeptLessons()
    for number in range(400):
        kept.take(lesson_of(number, lead=f"lead {number}", inputs={}))

    assert len({one.lead for _, one in kept}) == kept_lessons.MOST_NAMES + 1
    assert kept.name(kept_lessons.MOST_NAMES) == ""


def test_the_state_comes_back_bit_for_bit() -> None:
    kept = KeptLessons()
    for number in range(30):
        kept.take(lesson_of(number, officer=number % 3, inputs={"hour": number, "T03": 7}))
    kept.take(lesson_of(99, None, takes_back=(id_of(4),)))
    again = KeptLessons.from_state(kept.to_state())

    assert again.to_state() == kept.to_state()
    assert list(again) == list(kept)
    more = lesson_of(31, inputs={"weekday": 3})
    assert (again.take(more), again.to_state()) == (kept.take(more), kept.to_state())


def test_damaged_bytes_are_no_state() -> None:
    packed = KeptLessons().to_state()
    for damaged in (b"", packed[:-1], b"\xc1", msgspec.msgpack.encode([1, 2])):
        with pytest.raises(ValueError, match=r".+"):
            KeptLessons.from_state(damaged)


@pytest.mark.parametrize("text", ["", "00", "zz" * 16, "0" * 34])
def test_an_id_that_is_none_is_refused_before_anything_changes(text: str) -> None:
    kept = KeptLessons()
    for lesson in (lesson_of(1, lesson=text), lesson_of(1, alert_id=text), lesson_of(1, takes_back=(text,))):
        with pytest.raises(ValueError, match=r"."):
            kept.take(lesson)
    assert kept.to_state() == KeptLessons().to_state()


def test_both_halves_of_the_cases_are_used() -> None:
    kept = KeptLessons()
    for number in range(20):
        kept.take(lesson_of(number))
    assert {one.fold for _, one in kept} == {0, 1}
    assert isinstance(next(iter(kept))[1], KeptLesson)
