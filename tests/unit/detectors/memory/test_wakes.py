"""Which party has the next due date."""

from hypothesis import given
from hypothesis import strategies as st

from detectors.memory.wakes import Wakes


def test_the_earliest_is_first_and_of_one_time_the_lesser_token():
    """Whatever was noted first."""
    wakes = Wakes()
    assert (wakes.first(), len(wakes), "a" in wakes) == (None, 0, False)
    for token, at_us in (("b", 5), ("a", 5), ("c", 4)):
        wakes.note(token, at_us)
    assert (wakes.first(), len(wakes), "a" in wakes) == ((4, "c"), 3, True)
    wakes.note("c", None)
    assert (wakes.first(), len(wakes), "c" in wakes) == ((5, "a"), 2, False)
    wakes.note("a", 6)
    assert wakes.first() == (5, "b")


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.one_of(st.none(), st.integers(-3, 3)))))
def test_it_holds_the_last_word_on_each_party(notes):
    """As a dictionary would."""
    wakes, known = Wakes(), {}
    for token, at_us in notes:
        wakes.note(token, at_us)
        known[token] = at_us
        open_dates = sorted((at, name) for name, at in known.items() if at is not None)
        assert (wakes.first(), len(wakes)) == (open_dates[0] if open_dates else None, len(open_dates))
