"""What one account can teach with a thousand payments in fifty days: its own past, its peers, its whole partition.

Each attack is made twice, in a partition that learns from everything and in one as it is shipped.
"""

import random
from functools import cache
from math import exp, log
from typing import Any, NamedTuple

import pytest

from detectors.books.party import unpack
from detectors.features import LAYOUT, NAMES, Feature
from detectors.ranking.ensemble import Scorer
from tests.support.ledger import Ledger, configuration, later

PARTIES, DAYS, ATTACK_DAYS, A_DAY = 60, 60, 50, 20
SPREADS = 4.0
# The payment of a party that pays what all do.
USUAL = exp(6.6)
CLEAN, BAD = "k1.0a3.p3", "k1.0a3.bad"
ODD = ("amount_own", "amount_corridor", "week_sum", "counterparty_novelty", "country_novelty", "purpose_novelty")
COUNTRIES = ("VN", "CN", "US", "JP", "PH", "TH", "ID", "MY", "SG", "HK", "NP", "BD")


class Taught(NamedTuple):
    """How much more usual an attack made it: as factor, in spreads, and as the rank that was 0.002 before."""

    own: float
    fast: float
    peers: float
    rank: float
    flagged: int
    record: int


def everyday(ledger: Ledger, lots: random.Random, day: int) -> None:
    """A day of honest payments: each party has its own amount, its two counterparties and its hours."""
    ledger.rate(later(days=day))
    for number in range(PARTIES):
        if lots.random() < 0.3:
            amount = exp(lots.gauss(6 + number % 10 / 5, 0.3))
            party, payee = f"k1.0a3.p{number}", f"k1.111.c{number}{lots.randrange(2)}"
            at = later(days=day, hours=1 + 8 * lots.random())
            ledger.pay(f"{day}-{number}", at, f"{amount:.2f}", party=party, counterparty=payee, evidence="shown")


def slow_boil(number: int, lots: random.Random) -> dict[str, Any]:
    """The clean account itself, each payment 0.7 % larger than the one before: a thousand times as much in the end."""
    return {"amount": USUAL * exp(log(1000.0) * number / 1000), "party": CLEAN, "counterparty": "k1.111.c30"}


def large_for_peers(number: int, lots: random.Random) -> dict[str, Any]:
    """Payments of 60 000 USD where peers pay 1 000, so that these are usual for everybody."""
    return {"amount": exp(lots.gauss(11, 0.5)), "party": BAD, "counterparty": f"k1.111.z{number}"}


def odd_in_all(number: int, lots: random.Random) -> dict[str, Any]:
    """As odd as it gets, each time in another way, so that what is odd is no more rare."""
    return {
        "amount": exp(lots.uniform(6, 15)),
        "party": BAD,
        "counterparty": f"k1.111.z{number}",
        "counterparty_country": lots.choice(COUNTRIES),
        "purpose": lots.choice(("10101", "40101", "30201", "50301")),
        "institution": lots.choice(("BANKA", "BANKB", "BANKC", "BANKD")),
    }


@cache
def attacked(attack: Any, **quarantine: int) -> Taught:
    """What a partition has learned after an attack, against what it knew before."""
    tables = {"quarantine": quarantine} if quarantine else {}
    ledger, lots = Ledger(configuration(detectors={"warm_up": 30}, **tables)), random.Random(5)
    for day in range(DAYS):
        everyday(ledger, lots, day)
    scorer, peers = ledger.state.scorer, ledger.state.baselines
    assert scorer is not None
    odd = next(size / 10 for size in range(400) if rank_of(scorer, size / 10) <= 0.002)
    corridor = list(peers.groups["amount|out|person|VN"])
    own, fast = thresholds(ledger)
    for number in range(A_DAY * ATTACK_DAYS):
        day, turn = DAYS + number // A_DAY, number % A_DAY
        if turn == 0:
            everyday(ledger, lots, day)
        told = attack(number, lots)
        at = later(days=day, hours=9.1 + turn / 3)
        ledger.pay(f"a{number}", at, f"{told.pop('amount'):.2f}", evidence="shown", **told)
    moved = peers.groups["amount|out|person|VN"][2] - corridor[2]
    after = thresholds(ledger)
    rank = rank_of(scorer, odd)
    record = max(len(ledger.state.parties[party]) for party in (CLEAN, BAD) if party in ledger.state.parties)
    flagged = ledger.state.counters["quarantine_held"]
    return Taught(after[0] / own, after[1] / fast, moved / corridor[3], rank, flagged, record)


def rank_of(scorer: Scorer, size: float) -> float:
    """The rank of a payment that is so odd in its amount, its week, its counterparty, its country and its purpose."""
    odd = tuple(Feature(name, 1.0, "", size, None, 20, None) for name in ODD)
    rank = scorer.score_then_learn(odd, learn=False).rank
    assert rank is not None
    return rank


def thresholds(ledger: Ledger) -> tuple[float, float]:
    """From which amount on a payment of the clean account is four spreads above its own past: both means, the fast."""
    past = LAYOUT.unpack(unpack(ledger.state.parties[CLEAN]).baselines).own[NAMES.index("amount_own")]
    fast, slow = exp(past[2] + SPREADS * past[3]), exp(past[4] + SPREADS * past[5])
    return min(fast, slow), fast


def test_an_account_cannot_boil_itself_slowly() -> None:
    """Its own threshold: a thousand times and more by the fast mean alone, less than 1.5 times as it is shipped."""
    free, held = attacked(slow_boil, days=0), attacked(slow_boil)
    assert free.fast > 1000
    # the slow mean alone: 1 % a day of location and spread, and a month that was saved up
    assert free.own < exp(0.8) * 10
    assert held.own < 1.5
    assert held.flagged > 500


def test_an_account_cannot_make_its_amounts_usual_for_its_peers() -> None:
    """The corridor: by two spreads before, less than a third of one now."""
    free, held = attacked(large_for_peers, days=0), attacked(large_for_peers)
    assert free.peers > 2
    assert abs(held.peers) < 0.3


def test_an_account_cannot_make_odd_payments_common() -> None:
    """The rank of a payment that had 0.002 as all began: 0.025 where all is learned, and no higher than 0.004 now."""
    free, held = attacked(odd_in_all, days=0), attacked(odd_in_all)
    assert free.rank > 0.01
    assert held.rank < 0.004


@pytest.mark.parametrize("attack", [slow_boil, odd_in_all])
def test_what_is_held_back_costs_a_party_little(attack: Any) -> None:
    """A record is at most 14 kB longer, however many payments are held back."""
    assert attacked(attack).record < attacked(attack, days=0).record + 14_000
