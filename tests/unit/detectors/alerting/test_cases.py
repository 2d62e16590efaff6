"""Which alerts are one series and one case, to the microsecond and to the hundredth."""

import hashlib
from collections.abc import Callable

import pytest

from detectors.alerting.cases import case_of, grown, had_finding, last_alerted, remember, remembered_as
from detectors.books.party import MOST_ALERTED, Alerted, Party
from detectors.typologies.base import Finding
from detectors.values.legal_calendar import DAY_US


def finding(series: str = "40101", size: int = 1000, reading: str | None = None, **fields) -> Finding:
    """A finding that alerts again at twice the size, or when the last alert lies more than 90 us away."""
    return Finding(
        strength=1.0,
        limits=(),
        measured=(),
        window="",
        offsets=(),
        institutions=(),
        series=series,
        size=size,
        growth=200,
        memory_us=90,
        at_risk=0,
        value=0,
        unit="",
        own_baseline=None,
        own_n=0,
        peer_baseline=None,
        text_en="",
        text_ko="",
        reading=reading,
        **fields,
    )


def alerted(typology: str = "T01", series: str = "40101", time_us: int = 100, size: int = 1000, **parts) -> Alerted:
    """What was alerted, under an id of its own, and how much of it came from whom."""
    return Alerted(typology, series, size, time_us, f"{typology}{series}{time_us}", "case-1", parts)


def all_have(name: str) -> bool:
    """Each institution has a share of its own."""
    return True


def test_a_disputed_finding_or_a_bound_is_remembered_apart():
    """So that it mutes none that is not; the typology's id is the first word."""
    assert remembered_as("T02", finding()) == "T02"
    assert remembered_as("T02", finding(reading="person")) == "T02 disputed"
    assert remembered_as("T01", finding(bound=True)) == "T01 bound"
    assert remembered_as("T01", finding(bound=True, reading="person")) == "T01 bound disputed"


def test_the_last_alert_of_the_same_typology_and_series_is_meant():
    """The newest of them, not another series', typology's or disputed one's."""
    wanted = alerted(time_us=101)
    party = Party(alerted=[alerted(), wanted, alerted("T02"), alerted(series="40201"), alerted("T01 disputed")])
    assert last_alerted(party, "T01", finding(), 110) == wanted
    assert last_alerted(party, "T01", finding(reading="person"), 110) == alerted("T01 disputed")
    assert last_alerted(party, "T16", finding(), 110) is None
    assert last_alerted(party, "T01", finding("40301"), 110) is None


@pytest.mark.parametrize(("at_us", "remembered"), [(190, True), (191, False), (10, True), (9, False)])
def test_an_alert_is_remembered_within_the_findings_memory(at_us, remembered):
    """90 us here, before and after, both ends included; an older alert of the series does not stand in for it."""
    party = Party(alerted=[alerted(time_us=at_us), alerted()])
    assert (last_alerted(party, "T01", finding(), at_us) is not None) == remembered


@pytest.mark.parametrize(("size", "news"), [(2000, True), (1999, False), (1000, False)])
def test_a_series_is_news_at_its_growth(size, news):
    """Twice what was alerted, to the hundredth; a new series is news whatever its size."""
    assert grown(finding(size=size), alerted()) == news
    assert grown(finding(size=0), None)


@pytest.mark.parametrize(
    ("at_us", "same"), [(80 * DAY_US, True), (80 * DAY_US + 1, False), (20 * DAY_US, True), (20 * DAY_US - 1, False)]
)
def test_an_alert_within_the_window_of_the_last_joins_its_case(at_us, same):
    """Thirty days before or after, to the microsecond; else it opens one named by a hash of its own id."""
    party = Party(case=("case-9", 50 * DAY_US))
    opened = "case-" + hashlib.sha256(b"case|alert-1").hexdigest()[:24]
    assert case_of(party, "alert-1", at_us, 30, None) == ("case-9" if same else opened)
    assert case_of(Party(), "alert-1", at_us, 30, None) == opened


def test_an_alert_that_supersedes_one_stays_in_its_case():
    """Whatever case is open meanwhile."""
    assert case_of(Party(case=("case-9", 0)), "alert-1", 0, 30, alerted()) == "case-1"


def test_what_was_alerted_takes_the_place_of_its_series_alone():
    """Each finding as it was, sizes cut to what the record holds; the others stay, in their order."""
    party = Party(alerted=[alerted(), alerted("T02"), alerted(series="40201"), alerted("T01 disputed")])
    hits = [("T01", finding(size=2**70), "law"), ("T02", finding(reading="person", size=2**62 - 1), "sign")]
    remember(party, hits, "alert-2", "case-2", 500, all_have)
    assert party.alerted == [
        alerted("T02"),
        alerted(series="40201"),
        alerted("T01 disputed"),
        Alerted("T01", "40101", 2**62, 500, "alert-2", "case-2", strength=1.0, ground="law"),
        Alerted("T02 disputed", "40101", 2**62 - 1, 500, "alert-2", "case-2", strength=1.0, ground="sign"),
    ]
    assert party.case == ("case-2", 500)


@pytest.mark.parametrize(
    ("case", "superseded", "had"),
    [
        (("case-1", 50 * DAY_US), [None], True),
        (("case-1", 50 * DAY_US), [], True),
        (("case-1", 20 * DAY_US), [], True),  # thirty days before, the last moment
        (("case-1", 20 * DAY_US - 1), [], False),
        (("case-2", 50 * DAY_US), [], False),  # the open case has none that stands, such as one of the models alone
        (None, [None], False),
        (None, [None, alerted()], True),  # of the same series, whatever the case
    ],
)
def test_a_case_had_a_finding_where_one_of_it_stands(case, superseded, had):
    """Of the same series or another, within the case's window."""
    party = Party(case=case, alerted=[alerted("T02")])
    assert had_finding(party, 50 * DAY_US, 30, superseded) == had


def test_twenty_series_are_remembered_the_newest():
    """A sender's invented series push out the oldest."""
    assert MOST_ALERTED == 20
    party = Party()
    for number in range(21):
        remember(party, [("T01", finding(f"s{number}"), "sign")], "alert", "case", number, all_have)
    assert [each.series for each in party.alerted] == [f"s{number}" for number in range(1, 21)]


@pytest.mark.parametrize(
    ("case", "at_us", "held"),
    [
        (None, 5, 5),
        (("case-1", 9), 5, 9),
        (("case-1", 9), 12, 12),
        (("case-2", 9), 5, 5),
    ],
)
def test_a_case_is_held_open_from_its_newest_alert(case, at_us, held):
    """A late alert of the same case does not shorten it; one of another case begins anew."""
    party = Party(case=case)
    remember(party, [("T01", finding(), "sign")], "alert", "case-1", at_us, all_have)
    assert party.case == ("case-1", held)


# Who sent how much of a series


@pytest.mark.parametrize(
    ("without", "news"),
    [
        ((), False),
        ((("EVIL", 399),), False),
        ((("EVIL", 400),), True),
        ((("BANKA", 1999), ("EVIL", 400)), True),
        ((("BANKA", 1999),), False),
        ((("BANKA", 2000),), True),
        ((("NEW", 2199),), False),
        ((("NEW", 2200),), True),
    ],
)
def test_a_series_is_news_where_it_doubled_without_one_institution(without, news):
    """Alerted for 900 of EVIL's, 100 of BANKA's and 100 of BANKB's: without EVIL 200 before, without BANKA 1 000."""
    last = alerted(size=1100, EVIL=900, BANKA=100, BANKB=100)
    assert grown(finding(size=1101, without=without), last) == news


@pytest.mark.parametrize(
    ("without", "news"),
    [(("NEW", 2199), False), (("NEW", 2200), True), (("BANKA", 1999), False), (("BANKA", 2000), True)],
)
def test_what_is_not_known_by_institution_is_the_others(without, news):
    """Alerted for 1 100, of which only BANKA's 100 are known: 1 000 are others', all 1 100 where NEW is left out."""
    assert grown(finding(size=1101, without=(without,)), alerted(size=1100, BANKA=100)) == news


@pytest.mark.parametrize(
    ("alone", "size", "known", "news"),
    [
        (300, 3001, {"OWN": 100}, True),
        (299, 3001, {"OWN": 100}, False),
        (300, 600, {"OWN": 100}, True),
        (1, 11, {}, True),
        (0, 3001, {}, False),
        (1, 11, {f"B{number}": 9 for number in range(63)}, True),
        (1, 11, {f"B{number}": 2**62 for number in range(64)}, True),
    ],
)
def test_a_part_is_news_where_it_tripled(alone, size, known, news):
    """However large the series; one that may have been forgotten, beside 64 others, had no part."""
    last = alerted(size=3000, **known)
    assert grown(finding(size=size, alone=alone, institution="OWN"), last) == news


def test_an_institution_without_a_part_has_a_part_of_nothing():
    """Not even the smallest: the whole stays where it was."""
    now = remembered(finding(size=3, institution="B", parts=(("A", 3),)), alerted(size=2, A=2))
    assert (now.size, now.parts) == (2, {"A": 2})


def remembered(finding_now: Finding, last: Alerted | None, has_share: Callable[[str], bool] = all_have) -> Alerted:
    """What is kept of a series after an alert at 105 us."""
    party = Party(alerted=[] if last is None else [last])
    remember(party, [("T01", finding_now, "sign")], "alert-2", "case-1", 105, has_share)
    return party.alerted[-1]


def test_what_a_series_was_alerted_for_is_kept_by_institution():
    """The payment's own first, then the largest, of equal ones by name; cut to what the record holds."""
    parts = (("C", 5), ("B", 7), ("D", 7), ("A", 2**63), ("OWN", 1))
    now = remembered(finding(size=40, institution="OWN", parts=parts), None)
    assert list(now.parts.items()) == [("OWN", 1), ("A", 2**62), ("B", 7), ("D", 7), ("C", 5)]
    assert now.size == 40


def test_64_institutions_of_a_series_are_kept():
    """The payment's own and the 63 largest."""
    parts = (*((f"B{number}", number) for number in range(1, 65)), ("OWN", 0))
    now = remembered(finding(institution="OWN", parts=parts), None)
    assert list(now.parts) == ["OWN", *(f"B{number}" for number in range(64, 1, -1))]


def test_made_up_names_push_out_the_part_of_no_institution_with_a_share():
    """100 names without a share, large ones: the two institutions that have one stay, and 61 of the names."""
    last = alerted(size=100, A=2, B=1)
    parts = tuple((f"MADE{number}", 1000 + number) for number in range(100))
    now = remembered(finding(size=200_000, institution="MADE0", parts=parts), last, {"A", "B"}.__contains__)
    assert list(now.parts) == ["MADE0", "A", "B", *(f"MADE{number}" for number in range(99, 38, -1))]


def test_after_growth_of_the_whole_all_parts_are_as_they_are_now():
    """And those that are told no more stay as they were; the series has to grow from its new size."""
    last = alerted(size=100, A=90, OLD=10)
    now = remembered(finding(size=200, institution="B", parts=(("A", 95), ("B", 5))), last)
    assert (now.size, now.parts) == (200, {"B": 5, "A": 95, "OLD": 10})
    assert list(now.parts) == ["B", "A", "OLD"]


@pytest.mark.parametrize(
    ("own", "size", "parts"),
    [(50, 150, {"B": 50, "A": 140}), (49, 100, {"B": 49, "A": 90}), (1, 100, {"B": 1, "A": 90})],
)
def test_news_of_a_small_part_leaves_the_whole_where_it_was(own, size, parts):
    """Of 150 a third is no small part: 50 is one, 49 not. Then its own part alone is remembered anew."""
    last = alerted(size=100, A=90)
    now = remembered(finding(size=150, institution="B", parts=(("A", 140), ("B", own))), last)
    assert (now.size, now.parts) == (size, parts)


def test_a_series_that_shrank_has_to_grow_from_what_it_was():
    """An institution with most of it is news without the others: the larger size stays."""
    last = alerted(size=100, A=90)
    assert remembered(finding(size=60, institution="A", parts=(("A", 60),)), last).size == 100


def test_what_lies_beyond_the_memory_is_forgotten_with_its_parts():
    """91 us after: the series begins anew."""
    last = alerted(time_us=14, size=100, A=90)
    now = remembered(finding(size=60, institution="B", parts=(("B", 60),)), last)
    assert (now.size, now.parts) == (60, {"B": 60})
