"""Large payments that one institution sends of a party mute no alert on those of another; honest cases beside."""

import pytest

from detectors.books.party import MOST_PARTS, unpack
from tests.support.ledger import Ledger, configuration, later

PARTY = "k1.0a3.remitter"


def ruled(ledger, name, when, amount, institution, **fields):
    """Send a payment; the typologies of the alert it raised by rule, empty for none."""
    outputs = ledger.pay(name, when, amount, institution=institution, **{"channel": "branch"} | fields)
    return [hit.id for alert in outputs.alerts for hit in alert.typologies]


@pytest.mark.parametrize("forged", [0, 10_000_000])
def test_a_year_that_one_bank_made_large_is_not_closed_to_the_others(forged):
    """10 000 000 USD in January by one bank; in March another one's cross the cap of 100 000 by themselves.

    Before, they would have had to reach 2 500 000 more. Beside it: without those the same two payments alert at the
    same place, and once.
    """
    ledger = Ledger()
    if forged:
        assert ruled(ledger, "f", later(days=-50), str(forged), "EVIL") == ["T02"]
    found = [ruled(ledger, f"p{number}", later(days=number), "60000", "BANKA") for number in range(3)]
    assert found == [[], ["T02"], ["T02"]]
    # from 120 000 to 180 000 is half more, and then a quarter counts
    assert ruled(ledger, "q", later(days=4), "44999", "BANKA") == []
    assert ruled(ledger, "r", later(days=5), "1", "BANKA") == ["T02"]


def test_the_second_bank_is_news_without_the_largest_one_only_where_it_crosses_the_cap_itself():
    """90 000 USD at a bank beside another's 10 000 000: over the cap in all, alerted with them, and no news alone."""
    ledger = Ledger()
    ruled(ledger, "f", later(), "10000000", "EVIL")
    assert [ruled(ledger, f"p{number}", later(days=number + 1), "30000", "BANKA") for number in range(3)] == [[]] * 3
    assert ruled(ledger, "p3", later(days=5), "10000.01", "BANKA") == ["T02"]


@pytest.mark.parametrize(("banks", "alerts"), [(1, [11, 14, 18, 23, 29, 37]), (2, [11, 14, 18, 23, 28, 35])])
def test_two_honest_banks_alert_hardly_more_than_one_does(banks, alerts):
    """A person of one bank, or of two in turn, 10 000 USD each: in all, and once a bank's own cross the cap, theirs."""
    ledger = Ledger()
    found = [
        bool(ruled(ledger, f"p{number}", later(days=number), "10000", f"BANK{number % banks}")) for number in range(40)
    ]
    assert [place + 1 for place, alerted in enumerate(found) if alerted] == alerts


@pytest.mark.parametrize("forged", [0, 10_000_000])
def test_one_banks_deals_off_the_market_mute_no_other_banks(forged):
    """A fifth off on 10 000 000 USD by one bank moves 2 000 000; another's 10 000 moved are raised all the same."""
    ledger = Ledger()
    ledger.rate(later(), "1400")
    deal = {"evidence": "shown", "settled_currency": "KRW"}
    if forged:
        assert ruled(ledger, "f", later(hours=1), str(forged), "EVIL", deal_rate="1680", **deal) == ["T16"]
    assert ruled(ledger, "p", later(hours=2), "100000", "BANKA", deal_rate="1540", **deal) == ["T16"]
    # the honest case: the same bank's next one alerts when what was moved has doubled
    assert ruled(ledger, "q", later(hours=3), "90000", "BANKA", deal_rate="1540", **deal) == []
    assert ruled(ledger, "r", later(hours=4), "10000", "BANKA", deal_rate="1540", **deal) == ["T16"]


def test_institutions_of_a_series_are_bounded():
    """100 made-up banks cross the cap one after the other: 64 are remembered, and it stays one series.

    Each bank is news by itself, once.
    """
    ledger = Ledger()
    found = [ruled(ledger, f"p{number}", later(hours=number), "200000", f"MADE{number}") for number in range(100)]
    assert [number + 1 for number, hits in enumerate(found) if hits] == [*range(1, 101)]
    (series,) = [one for one in unpack(ledger.state.parties[PARTY]).alerted if one.typology == "T02"]
    assert len(series.parts) == MOST_PARTS


@pytest.mark.parametrize("names", [0, 1, 2, 3, 7, 8, 30, 100])
def test_a_year_that_one_sender_made_large_under_several_names_is_not_closed_to_the_others(names):
    """10 000 000 USD under each of up to seven names; 120 000 at another bank, and three times as much, are raised.

    Beside it: without those, and beside one name, each quarter more is raised too.
    """
    ledger = Ledger()
    for number in range(3 * names):
        ruled(ledger, f"f{number}", later(days=-50, hours=number), "3333334", f"EVIL{number % names}")
    found = [bool(ruled(ledger, f"p{number}", later(days=number), "40000", "BANKA")) for number in range(10)]
    assert (found[2], found[8]) == (True, True)
    assert sum(found) == (5 if names < 2 else 2)


@pytest.mark.parametrize("names", [0, 2, 7, 8, 30])
def test_pieces_under_several_names_hide_no_split_of_another_bank(names):
    """60 pieces of 4 900 under each name within days; three at another bank are raised, and nine."""
    ledger = Ledger()
    fields = {"party_type": "company", "purpose": "30101"}
    for number in range(60 * names):
        ruled(ledger, f"f{number}", later(minutes=10 * number), "4900", f"EVIL{number % names}", **fields)
    found = [
        bool(ruled(ledger, f"p{number}", later(days=4, hours=number), "4900", "BANKA", **fields)) for number in range(9)
    ]
    assert [number + 1 for number, raised in enumerate(found) if raised] == ([3, 9] if names else [3, 6])


@pytest.mark.parametrize(("names", "raised"), [(0, [3, 6, 12]), (3, [3, 9]), (8, [3, 9])])
def test_names_with_no_more_than_the_bank_itself_hide_no_split(names, raised):
    """Three pieces under each name, and then a bank's: its third is raised, and its ninth.

    Before, it was the bank's 21st beside eight names: one with more than a tenth of a series was not looked at alone.
    """
    ledger = Ledger()
    fields = {"party_type": "company", "purpose": "30101"}
    for number in range(3 * names):
        ruled(ledger, f"f{number}", later(minutes=number), "4900", f"EVIL{number % names}", **fields)
    found = [
        bool(ruled(ledger, f"p{number}", later(hours=10 + number), "4900", "BANKA", **fields)) for number in range(20)
    ]
    assert [number + 1 for number, alerted in enumerate(found) if alerted] == raised


@pytest.mark.parametrize("names", [0, 2, 7, 8, 30])
def test_deals_under_several_names_mute_no_other_banks(names):
    """2 000 000 moved under each name; 10 000 and 30 000 moved at another bank are raised."""
    ledger = Ledger()
    ledger.rate(later(), "1400")
    deal = {"evidence": "shown", "settled_currency": "KRW"}
    for number in range(names):
        ruled(ledger, f"f{number}", later(minutes=number), "10000000", f"EVIL{number}", deal_rate="1680", **deal)
    found = [
        bool(ruled(ledger, f"p{number}", later(hours=2 + number), "100000", "BANKA", deal_rate="1540", **deal))
        for number in range(3)
    ]
    assert found == ([True, False, True] if names else [True, True, False])


@pytest.mark.parametrize("deals", [1, 60])
def test_many_large_deals_of_one_bank_push_out_none_of_another(deals):
    """A party's 50 largest deals are kept, of each sender its share: a bank's next deals are seen as its next.

    Before, beside 50 that moved 2 000 000 each, every one of the bank's counted as its first: raised once, never again.
    """
    ledger = Ledger()
    ledger.rate(later(), "1400")
    deal = {"evidence": "shown", "settled_currency": "KRW"}
    for number in range(deals):
        ruled(ledger, f"f{number}", later(minutes=number), "10000000", "EVIL", deal_rate="1680", **deal)
    found = [
        bool(ruled(ledger, f"p{number}", later(hours=2 + number), "100000", "BANKA", deal_rate="1540", **deal))
        for number in range(9)
    ]
    assert [number + 1 for number, raised in enumerate(found) if raised] == [1, 2, 4, 8]


@pytest.mark.parametrize("banks", [1, 6, 10, 50])
def test_as_many_alerts_whatever_the_number_of_banks(banks):
    """300 payments of 4 900 of one person: each is news only where the series grew, through 50 banks as through one.

    Failure prevented: each payment an alert where the banks are more than the eight that are remembered.
    """
    ledger = Ledger()
    found = [ruled(ledger, f"p{number}", later(hours=number), "4900", f"BANK{number % banks}") for number in range(300)]
    for typology in ("T01", "T02"):
        assert 6 <= sum(typology in rules for rules in found) <= 20


@pytest.mark.parametrize(("banks", "alerts"), [(1, 5), (8, 21), (20, 21)])
def test_a_year_at_many_honest_banks_alerts_hardly_more_than_at_eight(banks, alerts):
    """30 payments of 10 000 at each bank, one bank after the other: as many alerts in 600 payments as in 240.

    Each bank's own part crosses the cap, and each alerts for itself once at most.
    """
    ledger = Ledger()
    found = [
        ruled(ledger, f"p{number}", later(hours=number * 7000 // (30 * banks)), "10000", f"BANK{number % banks}")
        for number in range(30 * banks)
    ]
    assert sum("T02" in rules for rules in found) == alerts


def test_names_without_a_share_make_no_bank_alert_again():
    """Three banks were alerted for; 80 made-up names cross the cap, each alerts; the banks' next dollar does not.

    Failure prevented: with names for nothing, what is known of a bank is forgotten, and each of its payments alerts.
    """
    # a person's third payment of such a size is unusual to T13, which has nothing to do with banks' shares
    ledger = Ledger(configuration(rules={"T13": {"enabled": False}}))
    for number in range(61):  # with the three the first 64, which have shares
        ledger.pay(f"o{number}", later(minutes=number), "1", institution=f"OTHER{number}", party="k1.0a3.other")
    for number in range(3):
        assert ruled(ledger, f"b{number}", later(hours=2 + number), "200000", f"BANK{number}") == ["T02"]
    found = [
        ruled(ledger, f"f{number}", later(hours=6, minutes=number), "300000", f"MADE{number}") for number in range(80)
    ]
    assert found[-60:] == [["T02"]] * 60
    (series,) = [one for one in unpack(ledger.state.parties[PARTY]).alerted if one.typology == "T02"]
    assert {f"BANK{number}": series.parts[f"BANK{number}"] for number in range(3)} == dict.fromkeys(
        ("BANK0", "BANK1", "BANK2"), 20_000_000
    )
    assert [ruled(ledger, f"n{number}", later(hours=9 + number), "1", f"BANK{number}") for number in range(3)] == [
        []
    ] * 3


def test_what_came_back_mutes_nothing():
    """A payment of 200 000 USD is returned whole; the same amount at the same bank is news again."""
    ledger = Ledger()
    ruled(ledger, "f", later(), "10000000", "EVIL")
    assert ruled(ledger, "a", later(hours=1), "200000", "BANKA") == ["T02"]
    assert ruled(ledger, "x", later(hours=2), "200000", "BANKA", status="returned", original_event_id="a") == []
    assert ruled(ledger, "b", later(hours=3), "200000", "BANKA") == ["T02"]
