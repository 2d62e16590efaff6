"""Names of a party over key rotations: overlaps, verdicts on old tokens, workers behind, the way back, the end."""

from detectors.books.aliases import ROOM
from detectors.books.party import MOST_ALIASES, Party, token_number, unpack
from detectors.books.payments import rows
from detectors.contracts.events import Disposition
from detectors.core import Outputs
from detectors.features import REGISTRY
from detectors.features.baselines import Layout
from tests.support.ledger import START, Ledger, digest16, later

FIRST, SECOND, THIRD = "k1.0a3.remitter", "k2.0a3.remitter2", "k3.0a3.remitter3"
PAYEE, PAYEE_2 = "k1.111.payee", "k2.111.payee2"
TO_SECOND, TO_THIRD = {SECOND: FIRST}, {THIRD: SECOND}


def alerted(ledger: Ledger) -> str:
    """An alert on the party, under its first token."""
    (alert,) = ledger.pay("a", START, "150000", party=FIRST).alerts
    return alert.alert_id


def verdict(ledger: Ledger, event_id: str, alert_id: str, party: str, days: float) -> Outputs:
    """An investigator's verdict that names the party by the token of its alert."""
    event = Disposition(
        event_id=event_id,
        identity=digest16(event_id),
        body=digest16(event_id),
        alert_id=alert_id,
        party=party,
        verdict="refuted",
        reason_hash="0",
        investigator=event_id,
        decided_at=later(days=days),
    )
    return ledger.put(event, ledger.origin("fx.dispositions.v1"))


def only(ledger: Ledger) -> tuple[str, Party]:
    """The one party there must be: token and record."""
    ((token, record),) = ledger.state.parties.items()
    return token, unpack(record)


def test_a_verdict_on_the_old_token_finds_the_party_after_the_rotation() -> None:
    """Alerts of before the rotation show the old token; it names the party for as long as idle parties are kept."""
    ledger = Ledger()
    alert = alerted(ledger)
    ledger.pay("b", later(days=1), party=SECOND, previous=TO_SECOND)
    assert verdict(ledger, "d1", alert, FIRST, 2).outcome == "applied"
    ledger.pay("c", later(days=430), party=SECOND)
    assert verdict(ledger, "d2", alert, FIRST, 431).outcome == "applied"
    token, party = only(ledger)
    assert token == SECOND
    assert [one.officer for one in party.verdicts] == [token_number("d1"), token_number("d2")]


def test_an_old_name_is_forgotten_with_idle_parties() -> None:
    """435 days of event time after the last record that carried both tokens the alias is gone: memory is bounded."""
    ledger = Ledger()
    ledger.pay("a", START, party=SECOND, previous=TO_SECOND)
    ledger.pay("b", later(days=434), party=SECOND)
    assert ledger.state.renamed
    ledger.pay("c", later(days=437), party=SECOND)
    assert not ledger.state.renamed


def test_a_worker_behind_writes_to_the_same_party() -> None:
    """A worker not yet restarted writes the old token alone after the party was renamed; its payments count with it."""
    ledger = Ledger()
    ledger.pay("a", START)
    ledger.pay("b", later(hours=1), party=SECOND, previous=TO_SECOND)
    (alert,) = ledger.pay("c", later(hours=2)).alerts
    token, party = only(ledger)
    assert token == SECOND
    assert alert.evidence_total == len(rows(party)) == 3


def test_a_second_rotation_keeps_the_party_whichever_key_file_a_worker_has() -> None:
    """Workers of the first overlap, the second, and of none: one party, under the newest name, known by all three."""
    ledger = Ledger()
    alert = alerted(ledger)
    ledger.pay("b", later(days=1), party=SECOND, previous=TO_SECOND)
    ledger.pay("c", later(days=2), party=THIRD, previous=TO_THIRD)
    ledger.pay("d", later(days=3), party=SECOND, previous=TO_SECOND)
    ledger.pay("e", later(days=4))
    verdict(ledger, "f", alert, FIRST, 5)
    verdict(ledger, "g", alert, SECOND, 5)
    token, party = only(ledger)
    assert token == THIRD
    assert len(rows(party)) == 5
    assert len(party.verdicts) == 2


def test_going_back_to_the_old_key_keeps_the_party() -> None:
    """Operators who withdraw a rotation, and rotate again later, find the party each time."""
    ledger = Ledger()
    ledger.pay("a", START)
    ledger.pay("b", later(days=1), party=SECOND, previous=TO_SECOND)
    ledger.pay("c", later(days=2), previous={FIRST: SECOND})
    assert only(ledger)[0] == FIRST
    ledger.pay("d", later(days=3), party=SECOND)
    assert only(ledger)[0] == FIRST
    ledger.pay("e", later(days=4), party=THIRD, previous={THIRD: SECOND})
    token, party = only(ledger)
    assert token == THIRD
    assert len(rows(party)) == 5


def test_a_regular_counterparty_is_not_new_after_the_overlap() -> None:
    """Paid before, in the overlap and after it: one counterparty, whose share of the payments goes on."""
    ledger = Ledger()
    for day in range(5):
        ledger.pay(f"old{day}", later(days=10 * day), "100")
    both = {SECOND: FIRST, PAYEE_2: PAYEE}
    ledger.pay("overlap", later(days=60), "100", party=SECOND, counterparty=PAYEE_2, previous=both)
    ledger.pay("after", later(days=70), "100", party=SECOND, counterparty=PAYEE_2)
    _, party = only(ledger)
    assert {int(row["beneficiary"]) for row in rows(party)} == {token_number(PAYEE)}
    assert len(Layout(REGISTRY).unpack(party.baselines).known) == 1


def test_many_settlements_do_not_make_a_regular_counterparty_new() -> None:
    """Orders settled by a thousand further events push out no counterparty's former name."""
    ledger = Ledger()
    both = {SECOND: FIRST, PAYEE_2: PAYEE}
    ledger.pay("overlap", START, "1", party=SECOND, counterparty=PAYEE_2, previous=both)
    for number in range(MOST_ALIASES + 1):
        for status in ("ordered", "settled"):
            ledger.pay(
                f"{status}{number}",
                later(minutes=number),
                "1",
                party=SECOND,
                counterparty="k2.222.other",
                status=status,
                payment_id=f"p{number}",
            )
    ledger.pay("after", later(days=2), "1", party=SECOND, counterparty=PAYEE_2)
    _, party = only(ledger)
    assert int(rows(party)[-1]["beneficiary"]) == token_number(PAYEE)
    assert ROOM <= len(party.settlements) <= MOST_ALIASES


def test_a_party_not_seen_in_the_overlap_begins_anew() -> None:
    """The documented limit of an overlap that was too short: nothing leads from the new token to the old one."""
    ledger = Ledger()
    ledger.pay("a", START)
    ledger.pay("b", later(days=1), party=SECOND)
    assert list(ledger.state.parties) == [FIRST, SECOND]
