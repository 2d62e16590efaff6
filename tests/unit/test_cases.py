"""Which alerts are one series and one case, to the microsecond and to the hundredth."""

import hashlib

import pytest

from detectors.calendar import DAY_US
from detectors.cases import case_of, grown, last_alerted, remember, remembered_as
from detectors.party import MOST_ALERTED, Alerted, Party
from detectors.typologies.base import Finding


def finding(series: str = "40101", size: int = 1000, reading: str | None = None) -> Finding:
    """A finding that alerts again at twice the size, or when the last alert lies more than 90 us away."""
    return Finding(
        strength=1.0, limits=(), measured=(), window="", offsets=(), institutions=(), series=series, size=size,
        growth=200, memory_us=90, at_risk=0, value=0, unit="", own_baseline=None, own_n=0, peer_baseline=None,
        text_en="", text_ko="", reading=reading,
    )  # fmt: skip


def alerted(typology: str = "T01", series: str = "40101", time_us: int = 100, size: int = 1000) -> Alerted:
    """What was alerted, under an id of its own."""
    return Alerted(typology, series, size, time_us, f"{typology}{series}{time_us}", "case-1")


def test_a_disputed_finding_is_remembered_apart():
    """So that it mutes none that is not; the typology's id is the first word."""
    assert remembered_as("T02", finding()) == "T02"
    assert remembered_as("T02", finding(reading="person")) == "T02 disputed"


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


@pytest.mark.parametrize(("at_us", "same"), [(30 * DAY_US, True), (30 * DAY_US + 1, False), (-30 * DAY_US, True),
                                             (-30 * DAY_US - 1, False)])  # fmt: skip
def test_an_alert_within_the_window_of_the_last_joins_its_case(at_us, same):
    """Thirty days before or after, to the microsecond; else it opens one named by a hash of its own id."""
    party = Party(case=("case-9", 0))
    opened = "case-" + hashlib.sha256(b"case|alert-1").hexdigest()[:24]
    assert case_of(party, "alert-1", at_us, 30, None) == ("case-9" if same else opened)
    assert case_of(Party(), "alert-1", at_us, 30, None) == opened


def test_an_alert_that_supersedes_one_stays_in_its_case():
    """Whatever case is open meanwhile."""
    assert case_of(Party(case=("case-9", 0)), "alert-1", 0, 30, alerted()) == "case-1"


def test_what_was_alerted_takes_the_place_of_its_series_alone():
    """Each finding as it was, sizes cut to what the record holds; the others stay, in their order."""
    party = Party(alerted=[alerted(), alerted("T02"), alerted(series="40201"), alerted("T01 disputed")])
    hits = [("T01", finding(size=2**70)), ("T02", finding(reading="person", size=2**62 - 1))]
    remember(party, hits, "alert-2", "case-2", 500)
    assert party.alerted == [
        alerted("T02"), alerted(series="40201"), alerted("T01 disputed"),
        Alerted("T01", "40101", 2**62, 500, "alert-2", "case-2"),
        Alerted("T02 disputed", "40101", 2**62 - 1, 500, "alert-2", "case-2"),
    ]  # fmt: skip
    assert party.case == ("case-2", 500)


def test_twenty_series_are_remembered_the_newest():
    """A sender's invented series push out the oldest."""
    assert MOST_ALERTED == 20
    party = Party()
    for number in range(21):
        remember(party, [("T01", finding(f"s{number}"))], "alert", "case", number)
    assert [each.series for each in party.alerted] == [f"s{number}" for number in range(1, 21)]


@pytest.mark.parametrize(("case", "at_us", "held"), [
    (None, 5, 5), (("case-1", 9), 5, 9), (("case-1", 9), 12, 12), (("case-2", 9), 5, 5),
])  # fmt: skip
def test_a_case_is_held_open_from_its_newest_alert(case, at_us, held):
    """A late alert of the same case does not shorten it; one of another case begins anew."""
    party = Party(case=case)
    remember(party, [("T01", finding())], "alert", "case-1", at_us)
    assert party.case == ("case-1", held)
