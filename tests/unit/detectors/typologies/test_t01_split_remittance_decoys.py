"""T01 against payments that another institution sends of the same party: no piece of a split leaves the sum."""

from datetime import timedelta

import msgspec
import pytest

from detectors.books import folded_payments
from detectors.books.folded_payments import MOST_PURPOSES, OTHER_PURPOSES, folded_of
from detectors.books.party import unpack
from detectors.books.payments import rows
from detectors.memory.roster import merge
from streams.settings import overlay_configuration
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, later
from tests.support.wanted import needs_of

# the 90 days that T01 looks back, and 70 more
MOST_PIECE_DAYS = 160

PARTY = "k1.0a3.remitter"
COMPANY = {"party_type": "company"}
HONEST = COMPANY | {"institution": "BANKA"}
EVIL = COMPANY | {"institution": "EVIL"}


def decoys(ledger, count, start, *, purpose="40101", payees=None, institution=None, minutes=20):
    """Pieces of the same company by another institution, each to a payee of its own; the alerts that they raise."""
    alerts = []
    for number in range(count):
        given = EVIL | {"institution": institution(number) if institution else "EVIL"}
        payee = number if payees is None else number % payees
        outputs = ledger.pay(
            f"decoy{number}",
            later(hours=start, minutes=minutes * number),
            "4500",
            purpose=purpose,
            counterparty=f"k1.222.decoy{payee}",
            **given,
        )
        alerts += outputs.alerts
    return alerts


def values(alert):
    """T01's values by name."""
    return {each.name: each.value for hit in alert.typologies for each in hit.measured if hit.id == "T01"}


@pytest.mark.parametrize("count", [0, 100, 2_600])
def test_a_split_is_found_beside_any_number_of_decoys(count):
    """Two pieces, 2 600 decoys of another bank in the band, the third piece: exact, with all three as evidence.

    Before, 2 600 decoys had pushed the first two out of the rows, and the third was alone; 50 had pushed them out of
    the evidence.
    """
    ledger = Ledger()
    ledger.pay("p0", later(hours=0), "4900", **HONEST)
    ledger.pay("p1", later(hours=1), "4900", **HONEST)
    decoys(ledger, count, 2, purpose="50101")
    (alert,) = ledger.pay("p2", later(days=40), "4900", **HONEST).alerts
    assert (values(alert)["pieces"], values(alert)["sum"]) == (3, "14700.00")
    assert [item.event_id for item in alert.evidence] == ["p0", "p1", "p2"]
    assert alert.typologies[0].strength > 0.4


@pytest.mark.parametrize("count", [3, 100, 2_600])
def test_decoys_of_the_same_purpose_mute_no_split_of_another_bank(count):
    """The decoys' own alert is of 450 000 USD; the split of 14 700 at the other bank is raised all the same.

    Before, it would have had to reach twice what the decoys were, for 90 days.
    """
    ledger = Ledger()
    assert decoys(ledger, count, 0, payees=1)
    found = [ledger.pay(f"p{number}", later(days=37, hours=number), "4900", **HONEST).alerts for number in range(4)]
    by_rule = [[alert for alert in alerts if alert.typologies] for alerts in found]
    assert [len(alerts) for alerts in by_rule] == [0, 0, 1, 0]
    assert by_rule[2][0].status == "updated"
    assert {"p0", "p1", "p2"} <= {item.event_id for item in by_rule[2][0].evidence}


def test_each_share_gives_from_its_own_rows():
    """Of 8 rows one bank's two stay while the other's oldest go; made-up names share one share."""
    ledger = Ledger(overlay_configuration({"admission": {"institutions": ["BANKA"]}}))
    ledger.state.shares._day = 10**6  # no further name gets a share of its own
    ledger.state.shares._named.update({f"BANK{number}": 10**18 for number in range(64)})
    with few_rows(8, 6):
        ledger.pay("p0", later(hours=0), "4900", **HONEST)
        ledger.pay("p1", later(hours=1), "9000", **HONEST)
        decoys(ledger, 30, 2, institution=lambda number: f"MADE{number}")
        party = unpack(ledger.state.parties[PARTY])
    names = [party.names[number] for number in rows(party)["institution"].tolist()]
    assert names.count("BANKA") == 2
    assert len(names) == 6 + (32 - 9) % 3


def test_without_other_banks_the_order_is_what_it_was():
    """The honest case: one bank's rows go by need and age alone."""
    ledger = Ledger()
    with few_rows(6, 4):
        for number in range(5):
            ledger.pay(f"p{number}", later(hours=number), f"490{number}")
        ledger.pay("large", later(hours=6), "90000")
        ledger.pay("small", later(hours=7), "10")
    party = unpack(ledger.state.parties[PARTY])
    assert rows(party)["usd"].tolist() == [490_100, 490_200, 490_300, 490_400]
    assert folded_of(party).pieces == {"40101": {to_day(0): (1, 490_000)}}


def to_day(days):
    """The ordinal of the local day so many days after the start."""
    return (later(days=days) + timedelta(hours=9)).date().toordinal()


def one_payee():
    """A ledger whose rule asks for one beneficiary, so that decoys to many satisfy it as a bound only."""
    good = overlay_configuration({})
    limits = tuple(
        msgspec.structs.replace(limit, value="1") if limit.name == "beneficiaries_max" else limit
        for limit in good.rules["T01"].limits
    )
    rules = good.rules | {"T01": msgspec.structs.replace(good.rules["T01"], limits=limits)}
    return Ledger(msgspec.structs.replace(good, rules=rules))


def test_pieces_in_totals_are_an_upper_bound_and_no_payment_leaves_the_sum():
    """Of a bank that pays very many payees for one purpose: raised as a bound, with number and sum, not as exact."""
    ledger = one_payee()
    with few_rows(8, 6):
        (alert,) = decoys(ledger, 10, 0)  # the tenth; the ninth was folded after it was looked at
    assert values(alert)["pieces_at_most"] == 10
    assert values(alert)["sum_at_most"] == "45000.00"
    assert values(alert)["folded_pieces"] == 3
    assert alert.typologies[0].strength < 0.7
    assert alert.evidence_total == 10
    assert "This is an upper bound." in alert.reasons[0].text_en
    assert "따라서 위 건수와 합계는 최대치입니다." in alert.reasons[0].text_ko
    assert [change.would_alert for change in alert.counterfactual] == [False, False]


def test_a_bound_mutes_no_exact_finding_of_the_same_purpose():
    """The decoys raise a bound of 45 000 and more; the split of 14 700 is raised all the same, as a new alert."""
    ledger = one_payee()
    with few_rows(8, 6):
        assert decoys(ledger, 14, 0)
        found = [ledger.pay(f"p{number}", later(hours=20 + number), "4900", **HONEST).alerts for number in range(3)]
    (alert,) = found[2]
    assert (alert.status, values(alert)["pieces"]) == ("raised", 3)


def test_pieces_that_were_all_folded_still_count():
    """No bank has a share: the two pieces go with the decoys, the third payment is raised as a bound."""
    ledger = Ledger()
    ledger.state.shares._day = 10**6
    ledger.state.shares._named.update({f"BANK{number}": 10**18 for number in range(64)})
    with few_rows(4, 2):
        ledger.pay("p0", later(hours=0), "4900", **HONEST)
        ledger.pay("p1", later(hours=1), "4900", **HONEST)
        decoys(ledger, 12, 2, purpose="50101", institution=lambda number: f"MADE{number}")
        names = set(rows(unpack(ledger.state.parties[PARTY]))["offset"].tolist())
        (alert,) = ledger.pay("p2", later(hours=20), "4900", **HONEST).alerts
    assert not names & {1, 2}
    assert (values(alert)["pieces_at_most"], values(alert)["sum_at_most"]) == (3, "14700.00")


def test_pieces_of_another_purpose_or_of_long_ago_are_in_no_bound():
    """The honest case: a company whose folded pieces are of another purpose, or 92 days back, raises nothing."""
    for purpose, days in (("50101", 1), ("40101", 92)):
        ledger = Ledger()
        with few_rows(4, 2):
            decoys(ledger, 12, 0, purpose=purpose)
            assert not ledger.pay("p0", later(days=days), "4900", **HONEST).alerts
            assert not ledger.pay("p1", later(days=days, hours=1), "4900", counterparty="k1.111.x", **HONEST).alerts


@pytest.mark.parametrize(("after", "fires"), [(90.55, True), (90.6, True), (90.7, False)])
def test_a_bound_takes_whole_days(after, fires):
    """A folded piece of 10 h may be of any hour of its day: the window of 90 days reaches a day further, not two."""
    ledger = Ledger()
    with few_rows(4, 2):
        decoys(ledger, 12, 0, minutes=1)
        for number in range(3):  # rows of the band, of another purpose, so that the pieces are folded
            ledger.pay(f"x{number}", later(hours=1, minutes=number), "4900", purpose="99", **EVIL)
        outputs = ledger.pay("p", later(days=after), "4900", **HONEST)
    assert ("T01" in dict(outputs.assessed.fired)) is fires, outputs.assessed.fired


def test_a_split_through_few_payees_is_found_though_another_bank_adds_more():
    """Three pieces to three payees by one bank; four of another bank to four more made them seven payees, too many."""
    for others in (0, 4):
        ledger = Ledger()
        decoys(ledger, others, 0)
        alerts = [
            alert
            for number in range(3)
            for alert in ledger.pay(
                f"p{number}", later(hours=20 + number), counterparty=f"k1.111.p{number}", **HONEST
            ).alerts
        ]
        (alert,) = alerts
        assert (values(alert)["pieces"], values(alert)["beneficiaries"]) == (3, 3)


def test_a_split_through_two_banks_is_found_though_a_third_adds_payees():
    """Each bank alone has too few pieces; without the third one's they are three, to three payees."""
    ledger = Ledger()
    decoys(ledger, 4, 0)
    found = []
    for number, bank in enumerate(("BANKA", "BANKB", "BANKA")):
        given = COMPANY | {"institution": bank, "counterparty": f"k1.111.p{number}"}
        found += ledger.pay(f"p{number}", later(hours=20 + number), **given).alerts
    (alert,) = found
    assert alert.institutions == ("BANKA", "BANKB")


def test_a_company_that_pays_many_payees_through_two_banks_is_not_alerted_for_each():
    """The honest case: the first three of eight payees are a small set, as ever, and then the three of the second bank.

    None of the later ones is news, and pieces of four payees at a bank are no small set.
    """
    ledger, found = Ledger(), []
    for number in range(12):
        given = COMPANY | {"institution": f"BANK{number % 2}", "counterparty": f"k1.111.p{number}"}
        found.append(len(ledger.pay(f"p{number}", later(hours=number), **given).alerts))
    assert found == [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_a_split_through_two_banks_alerts_hardly_more_often_than_through_one():
    """The honest case: each bank's pieces grow too, so alerts come up to four pieces earlier, and no more of them."""
    counts = []
    for banks in (1, 2):
        ledger, found = Ledger(), []
        for number in range(24):
            given = COMPANY | {"institution": f"BANK{number % banks}"}
            found += [number + 1] * len(ledger.pay(f"p{number}", later(hours=number), **given).alerts)
        counts.append(found)
    assert counts == [[3, 6, 12, 24], [3, 6, 11, 20]]


def test_a_split_that_goes_on_grows_though_most_of_it_is_in_totals():
    """One payee, 4 900 an hour: the sum that decides whether to alert again is not cut to the rows that are kept."""
    ledger, sizes = Ledger(), []
    with few_rows(16, 12):
        for number in range(200):
            outputs = ledger.pay(f"p{number}", later(hours=number), "4900", **HONEST)
            sizes += [number + 1] * len(outputs.alerts)
    assert sizes == [3, 6, 12, 24, 48, 96, 192]


def test_purposes_and_days_of_folded_pieces_are_bounded_and_no_piece_is_lost():
    """1 000 purposes over a year: 16 by name, the others together, and no more days than 126 of each."""
    ledger = Ledger()
    with few_rows(4, 2):
        for number in range(1_000):
            ledger.pay(f"p{number}", later(hours=8 * number), "4900", purpose=f"P{number % 100}", **HONEST)
    found = folded_of(unpack(ledger.state.parties[PARTY]))
    assert len(found.pieces) <= MOST_PURPOSES + 1
    assert OTHER_PURPOSES in found.pieces
    assert max(map(len, found.pieces.values())) <= 127 < MOST_PIECE_DAYS
    # those of the last 125 days, 3 a day, but for the ones that are rows
    assert 370 <= sum(count for days in found.pieces.values() for count, _ in days.values()) <= 376
    assert found.pieces_of("P999")  # a purpose without a place of its own may be among the others


def test_days_beyond_the_bound_become_one_with_the_next():
    """Where an operator lets events be a year late: the oldest days are told apart no more, no cent is lost."""
    found = folded_payments.Folded(pieces={"a": {700_000 + day: (1, 490_000) for day in range(MOST_PIECE_DAYS + 40)}})
    needs = needs_of(0, 365 * 86_400_000_000, (400_000, 500_000), Ledger().state.effective.zone)
    folded_payments._forget(found, needs._replace(clock_us=0))
    assert len(found.pieces.get("a", {})) <= MOST_PIECE_DAYS
    found = folded_payments.Folded(pieces={"a": {719_000 + day: (1, 490_000) for day in range(MOST_PIECE_DAYS + 40)}})
    folded_payments._forget(found, needs)
    assert len(found.pieces["a"]) == MOST_PIECE_DAYS
    assert sum(cents for _, cents in found.pieces["a"].values()) == (MOST_PIECE_DAYS + 40) * 490_000


def test_two_tokens_of_one_party_join_their_folded_pieces():
    """The bound holds the pieces of both."""
    ledger, old, new = Ledger(), "k1.0a3.old", "k2.0a3.new"
    with few_rows(4, 2):
        for party in (old, new):
            for number in range(9):
                ledger.pay(f"{party}{number}", later(hours=number), "4900", party=party, **EVIL)
        both = merge(unpack(ledger.state.parties[new]), unpack(ledger.state.parties[old]))
    pieces = folded_of(both).pieces["40101"]
    assert sum(count for count, _ in pieces.values()) == folded_of(both).count == 12
