"""What a party is judged as: the profile, then the institution's own strictest word, and others' words as readings."""

import pytest

from detectors.books.party import Facts, Party
from detectors.books.party_type import (
    MOST_INSTITUTIONS,
    OTHERS,
    expected_type,
    joined_words,
    profile_type,
    readings,
    remember_word,
    stricter,
    who_said,
)

PERSON, SOLE_TRADER, COMPANY, BANK = 1, 2, 4, 8


def told(*words: tuple[str, str]) -> Party:
    """A party of which institutions said these things, in this order."""
    party = Party()
    for institution, kind in words:
        remember_word(party, institution, kind)
    return party


def by_profile(kind: str, *words: tuple[str, str]) -> Party:
    """The same with a profile that says what it is."""
    party = told(*words)
    party.facts = Facts(0, None, None, None, None, None, None, None, (), kind)
    return party


def test_the_stricter_word_has_more_rules():
    """In either order; empty stands for not known, and stays so beside itself."""
    assert stricter("company", "sole_trader") == stricter("sole_trader", "company") == "sole_trader"
    assert stricter("bank", "") == stricter("", "bank") == "bank"
    assert stricter("", "") == ""


def test_the_word_of_each_institution_is_kept_and_the_strictest_of_all():
    """Two words of one institution stand beside each other; the party's own type is the strictest said."""
    party = told(("C", "sole_trader"), ("A", "bank"), ("B", "company"), ("A", "company"))
    assert party.words == {"A": BANK | COMPANY, "B": COMPANY, "C": SOLE_TRADER}
    assert party.party_type == "sole_trader"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ""),
        ((("A", "company"),), "company"),  # its own word
        ((("B", "bank"),), "bank"),  # nobody but others said anything
        ((("A", "company"), ("B", "person")), "company"),  # its own before others'
        ((("A", "company"), ("A", "sole_trader"), ("B", "person")), "sole_trader"),  # the strictest of its own
    ],
)
def test_what_an_institution_is_expected_to_say(words, expected):
    """Before its event: its own strictest word, else the others'; empty where nobody said anything."""
    assert expected_type(told(*words), "A") == expected


@pytest.mark.parametrize(
    ("words", "said", "expected"),
    [
        ((), "company", ("company",)),
        ((("A", "company"),), "company", ("company",)),
        ((("A", "company"),), "bank", ("company", "bank")),  # it cannot take back what it said itself
        ((("A", "bank"),), "company", ("company", "bank")),
        ((("B", "company"),), "company", ("company",)),
        ((("B", "person"),), "company", ("company", "person")),
        (
            (("B", "bank"), ("C", "sole_trader"), ("D", "person")),
            "company",
            ("company", "person", "sole_trader", "bank"),
        ),
        ((("A", "company"), ("B", "person")), "company", ("company", "person")),
    ],
)
def test_a_payment_is_judged_by_its_own_institution_and_read_as_others_say(words, said, expected):
    """The first is the type that is judged, the others follow strictest first."""
    assert readings(told(*words), "A", said) == expected


def test_a_profile_decides_alone():
    """Whatever the words say; without one there is no type by profile."""
    party = by_profile("company", ("A", "person"), ("B", "bank"))
    assert profile_type(party) == "company"
    assert expected_type(party, "A") == "company"
    assert readings(party, "A", "person") == ("company",)
    assert profile_type(told(("A", "person"))) == ""


def test_who_said_what_is_told_in_order_of_codes():
    """Only those who said it, also beside another word of theirs."""
    party = told(("C", "person"), ("B", "company"), ("A", "company"), ("A", "person"))
    assert who_said(party, "person") == ["A", "C"]
    assert who_said(party, "company") == ["A", "B"]
    assert who_said(party, "bank") == []


def test_the_64th_institution_has_its_own_place_and_the_65th_shares_one():
    """One that is known keeps its place when the places are full."""
    party = told(*((f"I{number:02}", "company") for number in range(MOST_INSTITUTIONS)))
    assert (len(party.words), OTHERS in party.words) == (64, False)
    remember_word(party, "I00", "person")
    assert (party.words["I00"], OTHERS in party.words) == (COMPANY | PERSON, False)
    remember_word(party, "LATE", "bank")
    assert (party.words[OTHERS], "LATE" in party.words, len(party.words)) == (BANK, False, 65)


def test_words_under_two_tokens_are_joined():
    """Both parties' words, neither changed; the same institution's stand together."""
    one, other = told(("A", "person"), ("B", "bank")), told(("B", "company"), ("C", "company"))
    assert joined_words(one, other) == {"A": PERSON, "B": BANK | COMPANY, "C": COMPANY}
    assert one.words == {"A": PERSON, "B": BANK}
    assert other.words == {"B": COMPANY, "C": COMPANY}
