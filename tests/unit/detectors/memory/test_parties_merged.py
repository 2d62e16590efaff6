"""One party known under two tokens becomes one: nothing that the law or an alert rests on is left behind.

It happens when a record without the former token comes before one that names it: a worker behind in a key rotation.
"""

import pytest

from detectors.books import party as party_module
from detectors.books.party import Party, pack, unpack
from detectors.books.payments import exact_sum, rows
from detectors.contracts.events import Profile
from tests.support.ledger import Ledger, digest16, later

OLD, NEW = "k1.0a3.remitter", "k2.0a3.remitter2"
BOTH = {"party": NEW, "previous": {NEW: OLD}}


def total(ledger: Ledger) -> int:
    """USD cents of all that counts for the party under its new name."""
    return exact_sum(rows(unpack(ledger.state.parties[NEW]))["usd"])


def merged(ledger: Ledger, hours: float = 100) -> None:
    """Let the party be known under its new token alone, then join the two by a record that names both."""
    ledger.pay("new", later(hours=hours), "10", party=NEW, evidence="shown")
    ledger.pay("both", later(hours=hours + 1), "10", **BOTH, evidence="shown")
    assert OLD not in ledger.state.parties


def test_a_return_that_came_first_waits_through_the_merge():
    """A return known under the old token takes back its payment, which comes under the new one."""
    ledger = Ledger()
    ledger.pay("r", later(hours=1), "600", status="returned", original_event_id="late-payment")
    merged(ledger)
    ledger.pay("late-payment", later(hours=0), "1000", **BOTH)
    assert total(ledger) == 400_00 + 2 * 10_00


def test_a_return_of_a_settlement_known_under_the_old_token_finds_its_payment():
    """The return names the settlement, whose payment was first told by another event."""
    ledger = Ledger()
    ledger.pay("o", later(hours=0), "1000", status="ordered", payment_id="P1")
    ledger.pay("s", later(hours=1), "1000", status="settled", payment_id="P1")
    merged(ledger)
    ledger.pay("r", later(hours=110), "1000", **BOTH, status="returned", original_event_id="s")
    assert total(ledger) == 2 * 10_00


def test_what_was_alerted_under_the_old_token_is_not_news_under_the_new_one():
    """The cap was crossed and alerted before; a small payment more is not told again, a large one updates it."""
    ledger = Ledger()
    (first,) = ledger.pay("a", later(hours=0), "110000").alerts
    merged(ledger)
    assert not ledger.pay("b", later(hours=110), "1000", **BOTH).alerts
    (again,) = ledger.pay("c", later(hours=120), "60000", **BOTH).alerts
    assert (again.status, again.supersedes, again.case_id) == ("updated", first.alert_id, first.case_id)


def test_pieces_of_both_names_are_one_evidence():
    """Every piece of a split is named in the alert, whichever token it came under."""
    ledger = Ledger()
    ledger.pay("p0", later(hours=0), "4900")
    ledger.pay("p1", later(hours=1), "4900")
    merged(ledger)
    (alert,) = ledger.pay("p2", later(hours=110), "4900", **BOTH).alerts
    assert [item.event_id for item in alert.evidence] == ["p0", "p1", "p2"]
    assert alert.evidence_total == 3


def test_which_payments_raised_a_statistical_alert_is_known_of_both_names():
    """The older name's first, the newest 64 of both."""
    ledger = Ledger()
    for party, numbers in ((OLD, range(1, 41)), (NEW, range(41, 81))):
        ledger.pay(party, later(hours=1), party=party)
        kept = unpack(ledger.state.parties[party])
        for number in numbers:
            kept.remember_unusual(number)
        ledger.state.parties[party] = pack(kept)
    ledger.pay("both", later(hours=2), **BOTH)
    found = unpack(ledger.state.parties[NEW])
    assert [number for number in range(90) if found.was_unusual(number)] == list(range(17, 81))


def profiled(ledger: Ledger, party: str, kind: str, day: float) -> None:
    """A register's profile, as of so many days after the start."""
    name = f"{party}{day}"
    event = Profile(
        event_id=name, identity=digest16(name), body=digest16(name), party=party, party_type=kind, as_of=later(days=day)
    )
    ledger.put(event, ledger.origin("fx.profiles.v1"))


@pytest.mark.parametrize(
    ("days", "kind"),
    [((1, 5), "bank"), ((5, 1), "person"), ((3, 3), "bank"), ((None, 1), "bank"), ((1, None), "person")],
)
def test_the_newest_profile_stands_whatever_name_it_came_under(days, kind):
    """A person by the profile under the old name, a bank by that under the new one, as of these days; if at all.

    Of two of one time that under the newer name stands. Under a person's profile 120 000 in a year are told of.
    """
    ledger = Ledger()
    for party, said, day in ((OLD, "person", days[0]), (NEW, "bank", days[1])):
        if day is not None:
            profiled(ledger, party, said, day)
    ledger.pay("both", later(days=6), "60000", **BOTH)
    assert unpack(ledger.state.parties[NEW]).facts.party_type == kind
    alerts = ledger.pay("more", later(days=7), "60000", party=NEW).alerts
    assert [hit.id for alert in alerts for hit in alert.typologies] == (["T02"] if kind == "person" else [])


def test_the_alias_used_longest_ago_is_forgotten_first(monkeypatch: pytest.MonkeyPatch):
    """Beyond the limit a counterparty that was paid again stays known, one that was not goes."""
    monkeypatch.setattr(party_module, "MOST_ALIASES", 3)
    party = Party()
    for name in "abc":
        party.canonical(f"k2.111.{name}", {f"k2.111.{name}": f"k1.111.{name}"})
    known = {name: party.known_as(f"k2.111.{name}", {}) for name in "abc"}
    party.canonical("k2.111.a", {"k2.111.a": "k1.111.a"})
    party.canonical("k2.111.d", {"k2.111.d": "k1.111.d"})
    assert party.known_as("k2.111.a", {}) == known["a"]
    assert party.known_as("k2.111.c", {}) == known["c"]
    assert party.known_as("k2.111.b", {}) != known["b"]
