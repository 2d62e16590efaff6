"""T05's alerts stand as long as the fed payments, or the supervisor's test, that they rest on."""

from datetime import date

import msgspec
import pytest

from detectors.books.party import Facts, unpack
from detectors.contracts.limits import Rulebook
from detectors.typologies.base import Past
from detectors.typologies.t05_kimchi_premium import MOST_KEPT, KimchiPremium
from detectors.typologies.t05_measures import Outflow, Sent
from detectors.values.legal_calendar import DAY_US, to_us
from detectors.values.money import Ratio
from tests.support.firms import OLD, PARTY, YOUNG, FirmLedger
from tests.support.golden_scenario import SEOUL
from tests.support.ledger import configuration, later
from tests.support.payment_joins import UETR

NEW = {"registered_on": date(2021, 1, 1), "capital_krw": "700000000"}


def fired(facts, count: int, usd: float, linked: float | None = 1.0, step: float = 3.0, **fields) -> FirmLedger:
    """Payments of a firm from the first day on; one alert came of them."""
    ledger = FirmLedger(**facts)
    for number in range(count):
        ledger.send(f"e{number}", later(days=1 + step * number), usd, linked, **fields)
    assert [one.alert.status for seen in ledger.seen for one in seen.raised] == ["raised"]
    return ledger


def after_return(ledger: FirmLedger, name: str, usd: float, days: float = 30) -> list[str]:
    outputs = ledger.send(f"back {name} {usd}", later(days=days), usd, None, status="returned", original_event_id=name)
    return [one.alert.status for one in outputs.raised]


def kept(ledger) -> Outflow:
    return msgspec.msgpack.decode(unpack(ledger.state.parties[PARTY]).slots["T05"], type=Outflow)


@pytest.mark.parametrize(("back", "statuses"), [(10_000, []), (10_001, ["retracted"]), (20_000, ["retracted"])])
def test_a_young_firms_alert_stands_on_three_of_50_000(back, statuses):
    """Of three of 20 000 one comes back, in part or whole."""
    assert after_return(fired(YOUNG, 3, 20_000), "e1", back) == statuses


def test_any_other_firms_alert_needs_five_of_100_000():
    """Three of together 60 000 would do for a young firm."""
    assert after_return(fired(OLD, 5, 30_000), "e4", 30_000) == ["retracted"]
    assert after_return(fired(OLD, 5, 30_000), "e4", 29_000) == []
    unknown = fired({}, 5, 30_000)
    assert after_return(unknown, "e0", 30_000) == ["retracted"]


@pytest.mark.parametrize(("registered", "statuses"), [(date(2023, 9, 9), []), (date(2023, 9, 8), ["retracted"])])
def test_a_firm_is_young_or_not_on_the_day_of_the_alert(registered, statuses):
    """On 10 March 2025 the third payment was made 548 days after it was registered, or 549: then five are needed."""
    ledger = FirmLedger(registered_on=registered, capital_krw="1400000000")
    for number in range(5):
        ledger.send(f"e{number}", later(days=1 + 3 * number), 24_000, 1.0)
    assert [one.alert.status for seen in ledger.seen for one in seen.raised] == ["raised"]
    assert after_return(ledger, "e0", 24_000) == statuses
    assert after_return(ledger, "e1", 24_000) == []
    assert after_return(ledger, "e2", 24_000) == ([] if statuses else ["retracted"])


def test_fed_payments_of_another_month_keep_nothing():
    """Of three within thirty days, and three that came 31 days after them."""
    ledger = fired(YOUNG, 3, 20_000, step=1.0)
    for number in range(3):
        ledger.send(f"later{number}", later(days=40 + number), 8_000, 1.0)
    assert after_return(ledger, "e1", 20_000, 50) == ["retracted"]


def test_payments_that_are_not_fed_keep_nothing():
    """Two fed ones are left, beside others."""
    ledger = fired(YOUNG, 3, 20_000)
    for number in range(3):
        ledger.send(f"other{number}", later(days=11 + number), 60_000, 0.1)
    assert after_return(ledger, "e1", 20_000) == ["retracted"]


def test_where_payments_are_in_totals_it_stands_in_doubt():
    """Of more than are kept nobody knows which were fed; those of long ago are no doubt."""
    ledger = fired(YOUNG, 3, 20_000, step=0.1)
    for number in range(MOST_KEPT):
        ledger.send(f"other{number}", later(days=2 + 0.01 * number), 2_000, 0.0)
    found = kept(ledger)
    assert (found.count, len(found.kept)) == (3, MOST_KEPT)
    assert after_return(ledger, "other1", 2_000) == []


@pytest.mark.parametrize(
    ("facts", "linked", "back", "statuses"),
    [
        (NEW, None, 1, ["retracted"]),
        (NEW | {"capital_krw": "699999999"}, None, 1, ["retracted"]),
        (NEW | {"capital_krw": "9000000000"}, 1.0, 1, ["updated"]),
    ],
    ids=["at the line", "a smaller capital", "frequent inflow stays"],
)
def test_the_supervisors_amount_may_be_missed_by_a_dollar(facts, linked, back, statuses):
    """50 000 000 USD are asked for; the other finding of the alert may stand."""
    ledger = FirmLedger(**facts)
    for number in range(5):
        ledger.send(f"e{number}", later(days=1 + 3 * number), 10_000_000, linked)
    seen = [hit.id for outputs in ledger.seen for alert in outputs.alerts for hit in alert.typologies]
    assert "T05" in seen
    assert after_return(ledger, "e4", back) == (statuses if linked is None else [])


def test_the_multiple_may_be_missed_too():
    """60 000 000 are 100 times 840 000 000 won: a return of 5 000 000 leaves the amount and not the multiple."""
    ledger = fired(NEW | {"capital_krw": "840000000"}, 6, 10_000_000, None)
    assert after_return(ledger, "e4", 5_000_000) == ["retracted"]
    ledger = fired(NEW, 6, 10_000_000, None)
    assert after_return(ledger, "e4", 5_000_000) == []


def test_frequent_inflow_holds_the_supervisors_alert():
    """Without the multiple: five fed payments of many."""
    facts = {"registered_on": date(2021, 1, 1), "capital_krw": "90000000000"}
    ledger = FirmLedger(**facts)
    ledger.send("large", later(days=0.5), 60_000_000, None)
    for number in range(5):
        ledger.send(f"e{number}", later(days=1 + number), 30_000, 1.0)
    assert ledger.firing("T05") == ["e4"]
    ledger.send("next", later(days=7), 1_000, 0.0)
    assert ledger.firing("T05") == ["e4", "next"]
    # the finding on fed payments, and the one on the supervisor's test
    assert after_return(ledger, "e0", 30_000) == ["retracted", "retracted"]


def test_a_settlement_tells_of_more_inflow_and_never_of_less():
    """The order of a kept payment said nothing of it; of another one the settlement says nothing."""
    ledger = FirmLedger(**YOUNG)
    for number in range(2):
        ledger.send(f"e{number}", later(days=1 + number), 20_000, 1.0)
    ledger.send("o", later(days=3), 20_000, None, status="ordered", payment_id=UETR)
    assert ledger.firing("T05") == []
    ledger.send("w", later(days=4), 20_000, 1.0, payment_id=UETR, institution="BANKB")
    assert [one.linked for one in kept(ledger).kept] == [2_000_000, 2_000_000, 0]
    ledger.send("s", later(days=4), 20_000, 1.0, payment_id=UETR)
    assert [one.linked for one in kept(ledger).kept] == [2_000_000, 2_000_000, 2_000_000]
    ledger.send("o4", later(days=5), 20_000, 1.0, status="ordered", payment_id="P4")
    ledger.send("s4", later(days=6), 20_000, None, payment_id="P4")
    assert [one.linked for one in kept(ledger).kept] == [2_000_000] * 4


def test_all_fed_payments_are_named_as_evidence():
    """Documented imports, and the settlement of an order in its place."""
    ledger = FirmLedger(**YOUNG)
    ledger.send("o", later(days=1), 20_000, 1.0, status="ordered", payment_id="P")
    ledger.send("s", later(days=2), 20_000, None, payment_id="P")
    ledger.send("b", later(days=3), 20_000, 1.0)
    (alert,) = ledger.send("c", later(days=4), 20_000, 1.0).alerts
    assert [each.event_id for each in alert.evidence] == ["s", "b", "c"]
    assert alert.evidence_total == 3


NOW = to_us(later(days=100))
MONTH = 30 * DAY_US


def stands(
    found: Outflow, series: str = "linked", facts: Facts | None = None, rate: Ratio | None = None, law=None
) -> bool:
    """The rule's word on an alert of now; `rate` is of won to dollars."""
    rulebook = Rulebook(configuration()) if law is None else law
    slots = {"T05": msgspec.msgpack.encode(found)}
    past = Past(None, [], SEOUL, rulebook, slots, None, lambda *_: rate, facts=facts)
    return KimchiPremium().stands(past, series, NOW)


def facts_of(registered: date | None = None, capital: str | None = None) -> Facts:
    return Facts(0, registered, capital, None, None, None, None, None, ())


def fed(count: int, cents: int = 2_000_000, at_us: int = NOW) -> list[Sent]:
    return [Sent(number, at_us, cents, cents, 0, 0, number) for number in range(count)]


def test_totals_are_a_doubt_only_where_they_may_reach_into_the_window():
    """Of a young firm thirty days: its oldest kept payment lies a month back, or a microsecond less, or is not kept."""
    young = facts_of(date(2025, 1, 1))
    for at_us, left in ((NOW - MONTH, False), (NOW - MONTH + 1, True), (NOW + 1, True)):
        assert stands(Outflow(total=1, count=1, kept=fed(1, at_us=at_us)), facts=young) is left
        assert not stands(Outflow(kept=fed(1, at_us=at_us)), facts=young)
    assert stands(Outflow(total=1, count=1), facts=young)


def test_a_tiny_firm_needs_three_and_one_without_a_profile_five():
    """Of 20 000 each."""
    for count, facts, left in (
        (3, facts_of(capital="100000000"), True),
        (3, facts_of(capital="100000001"), False),
        (4, None, False),
        (5, None, True),
    ):
        assert stands(Outflow(kept=fed(count)), facts=facts) is left


def test_the_supervisors_test_counts_totals_and_kept_ones():
    """50 000 000 USD in all; a capital of 500 000 000 won is 500 000 USD at 1 000 won, and 100 times that are asked."""
    won, rate = facts_of(date(2021, 1, 1), "500000000"), Ratio(1, 1_000)
    whole = Outflow(total=4_999_999_999, count=9, kept=[Sent(1, NOW, 1)])
    far = Outflow(total=4_999_999_999, count=9, kept=[Sent(1, NOW - 100 * DAY_US, 1)])
    assert stands(whole, "sent", won, rate)
    assert not stands(Outflow(total=4_999_999_998, count=9, kept=[Sent(1, NOW, 1)]), "sent", won, rate)
    assert stands(far, "sent", won, rate)
    more = facts_of(date(2021, 1, 1), "500001000")
    assert not stands(far, "sent", more, rate)
    # in doubt: no capital, no rate, no profile, no limits of the supervisor's
    assert stands(far, "sent", facts_of(date(2021, 1, 1)), rate)
    assert stands(far, "sent", more, None)
    assert stands(far, "sent", None, rate)
    for left_out in ("sent_min", "capital_multiple"):
        given = configuration()
        limits = tuple(one for one in given.rules["T05"].limits if one.name != left_out)
        rules = given.rules | {"T05": msgspec.structs.replace(given.rules["T05"], limits=limits)}
        assert stands(Outflow(), "sent", more, rate, Rulebook(msgspec.structs.replace(given, rules=rules)))
