"""What a party is judged as: a resident, or foreign, whose amounts are others."""

import pytest

from detectors.books.party import Facts, Party
from detectors.books.party_type import MOST_INSTITUTIONS, OTHERS, readings, remember_word, who_said
from detectors.books.residency import NOT_TOLD, Residence, remember_residency, residence


def told(*words: tuple[str, str], profile: str | None = None) -> Party:
    """A person of whom institutions said these words."""
    party = Party()
    for institution, word in words:
        remember_word(party, institution, "person")
        remember_residency(party, institution, word)
    if profile is not None:
        party.facts = Facts(1, None, None, None, None, None, None, None, (), residency=profile)
    return party


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ((), NOT_TOLD),
        ((("A", "resident"),), Residence("resident", told=True)),
        ((("A", "foreign_resident"),), Residence("foreign_resident", told=True)),
        ((("A", "non_resident"),), Residence("non_resident", told=True)),
        # another institution's word takes no payment of A out of a rule
        ((("B", "non_resident"),), Residence("resident", told=False, disputed=True)),
        ((("B", "resident"),), Residence("resident", told=False, disputed=False)),
        ((("A", "resident"), ("B", "foreign_resident")), Residence("resident", told=True, disputed=True)),
        ((("A", "foreign_resident"), ("B", "resident")), Residence("foreign_resident", told=True, disputed=True)),
        ((("A", "foreign_resident"), ("B", "non_resident")), Residence("foreign_resident", told=True)),
        ((("B", "non_resident"), ("C", "resident")), Residence("resident", told=False, disputed=True)),
        # nor does its own later one
        ((("A", "resident"), ("A", "non_resident")), Residence("resident", told=True, disputed=True)),
        ((("A", "non_resident"), ("A", "foreign_resident")), Residence("foreign_resident", told=True)),
    ],
    ids=str,
)
def test_the_own_institutions_words_decide(words, found):
    """And who says nothing has said nothing."""
    assert residence(told(*words), "A") == found


@pytest.mark.parametrize("word", ["resident", "foreign_resident", "non_resident"])
def test_the_newest_profile_decides_alone(word):
    """Whatever institutions say."""
    party = told(("A", "resident"), ("B", "non_resident"), profile=word)
    assert residence(party, "A") == Residence(word, told=True)
    assert residence(told(profile=word), "A") == Residence(word, told=True)


def test_a_profile_that_does_not_say_decides_nothing():
    """Its other facts stand."""
    party = told(("A", "non_resident"))
    party.facts = Facts(1, None, None, None, None, None, None, None, ())
    assert residence(party, "A") == Residence("non_resident", told=True)


def test_only_residents_have_the_amounts_of_residents():
    """Foreign residents and non-residents do not."""
    kinds = ("resident", "foreign_resident", "non_resident")
    assert [Residence(kind).foreign for kind in kinds] == [False, True, True]


def test_the_words_about_the_type_are_not_touched():
    """Both are bits of one number."""
    party = told(("A", "foreign_resident"))
    remember_residency(party, "A", None)
    remember_word(party, "B", "company")
    remember_residency(party, "B", "resident")
    assert readings(party, "A", "person") == ("person", "company")
    assert who_said(party, "person") == ["A"]
    assert who_said(party, "company") == ["B"]


def test_a_sender_with_ever_new_codes_does_not_grow_the_party():
    """Beyond so many institutions all share a word."""
    party = told(*((f"I{number}", "resident") for number in range(MOST_INSTITUTIONS + 5)))
    assert len(party.words) == MOST_INSTITUTIONS + 1
    remember_residency(party, "more", "non_resident")
    assert OTHERS in party.words
    assert residence(party, "more") == Residence("resident", told=False, disputed=True)
