"""Due dates through the core: a rule of this file sets, closes and is woken, and its alerts are taken back."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import permutations
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors import typologies
from detectors.alerting.woken import MOST_ITEMS
from detectors.books.party import unpack
from detectors.books.wanted import LookBack, Wanted, Which
from detectors.contracts.alert import Measured
from detectors.contracts.events import Declaration, PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds, Rulebook
from detectors.core import apply
from detectors.memory.state import PartitionState
from detectors.typologies.base import Change, Context, Finding, Past, slot
from detectors.typologies.declared import DueDate, TrialDay, Word, Words
from detectors.typologies.due import Heard, PartyDates, Wake
from detectors.values.legal_calendar import DAY_US, to_us
from detectors.values.money import plain
from tests.support.ledger import START, Ledger, configuration, digest16, later

ID = "T97"
PARTY = "k1.0a3.importer"
OUT = Which("out")


class Undeclared:
    """A payment for goods (purpose GOODS) whose declaration did not come within 30 days; a declaration closes it."""

    id = ID
    name_en = "Goods paid and not declared"
    name_ko = "미신고 수입대금"
    told_apart: tuple[PartyType, ...] = ()
    limits: LimitKinds = MappingProxyType({"term": LimitKind("days", "1", "300", ko="신고 기한")})
    wants = Wanted(look_back=(LookBack(OUT, 300),), proofs=(OUT,))
    due_dates = (DueDate("declared", "payment", "term", 40),)
    words = Words(measured={"overdue": Word("미신고 건수")})
    next_steps: tuple[Any, ...] = ()
    sanctions: tuple[Any, ...] = ()

    def evaluate(self, context: Context) -> Finding | None:
        """Nothing at the payment itself."""

    def learn(self, context: Context) -> None:
        """Wait for the declaration."""
        term = context.limit(ID, "term")
        if term is not None and context.names[context.payment.purpose] == "GOODS":
            due_us = context.payment.time + int(term.number) * DAY_US
            context.dates.of(self).set("declared", context.payment.offset, due_us)

    def declared(self, heard: Heard) -> Finding | None:
        """The oldest payment that waits is declared with it, else the oldest that is overdue."""
        own = heard.dates.of(self)
        overdue = slot(heard.past, ID, list[int], [])
        if overdue:
            self._keep(heard.past, overdue[1:])
        elif waiting := own.waiting("declared"):
            own.close("declared", waiting[0].item)

    def woken(self, wake: Wake) -> Finding | None:
        """All that is overdue by now."""
        overdue = [*slot(wake.past, ID, list[int], []), *(one.item for one in wake.due)]
        self._keep(wake.past, overdue)
        size = self._sum(wake.past, overdue)
        return Finding(
            strength=0.8,
            limits=(),
            measured=(Measured(name="overdue", value=len(overdue), unit="count"),),
            window="",
            offsets=tuple(overdue),
            institutions=(),
            series="open",
            size=size,
            growth=100,
            memory_us=300 * DAY_US,
            at_risk=size,
            value=plain(size),
            unit="USD",
            own_baseline=None,
            own_n=0,
            peer_baseline=None,
            text_en="Goods were paid and not declared.",
            text_ko="수입대금이 지급되었으나 신고되지 않았습니다.",
        )

    def restate(self, past: Past) -> None:
        """What came back is not overdue."""
        there = set(past.rows["offset"][past.rows["usd"] > 0].tolist())
        self._keep(past, [one for one in slot(past, ID, list[int], []) if one in there])

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What is overdue."""
        return self._sum(past, slot(past, ID, list[int], []))

    def stands(self, past: Past, series: str, at_us: int) -> bool:
        """While anything is."""
        return self.standing(past, series, at_us) > 0

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """None."""
        return ()

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """One payment for goods."""
        yield "goods", day.paid(0, "importer", 1000, purpose="GOODS")

    def _keep(self, past: Past, overdue: list[int]) -> None:
        past.slots[ID] = msgspec.msgpack.encode(overdue)

    def _sum(self, past: Past, overdue: list[int]) -> int:
        return sum(int(row["usd"]) for row in past.rows if int(row["offset"]) in overdue)


TERM = {"name": "term", "value": "30", "unit": "days", "effective_from": date(2020, 1, 1), "provenance": "D"}
TABLE = {"legal_basis": "none", "limits": [TERM]}
GOODS = {"party": PARTY, "party_type": "company", "purpose": "GOODS", "evidence": "shown"}
DESKS = {"customs": {"typologies": [ID]}}


@pytest.fixture(autouse=True)
def one_line(monkeypatch):
    """The registry line."""
    monkeypatch.setattr(typologies, "REGISTRY", (*typologies.REGISTRY, Undeclared()))


def ledger(**desks: Any) -> Ledger:
    """A ledger whose configuration has the rule; a rate and a payment of another party have begun its clocks.

    T13 is off: it fires on the large gifts of these tests too.
    """
    found = Ledger(configuration(rules={ID: TABLE, "T13": {"enabled": False}}, desks=desks or DESKS))
    tell_time(found, START)
    return found


def tell_time(found: Ledger, at) -> list:
    """Two witnesses say the time: a rate, and a bank's payment of somebody else."""
    rated = found.rate(at)
    paid = found.pay(f"clock{at.isoformat()}", at, "10", party="k1.0ff.other", evidence="shown")
    return [*rated.raised, *paid.raised]


def declare(found: Ledger, name: str, at) -> list:
    """A customs declaration of the party."""
    event = Declaration(
        event_id=name,
        identity=digest16(name),
        body=digest16(name),
        declaration_no=name,
        declared_time=at,
        kind="import",
        party=PARTY,
        counterparty="k1.111.seller",
        counterparty_country="CN",
        hs_code="870899",
        quantity="1",
        quantity_unit="EA",
        value="1000",
        currency="USD",
    )
    return list(found.put(event, found.origin("customs.declarations.v1")).raised)


def digest(state: PartitionState) -> str:
    return state.freeze().digest()


def test_a_due_date_alerts_when_time_has_passed_it_and_not_before():
    """At exactly 30 days nothing, a microsecond later an alert at the record that moved the time."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    assert tell_time(found, later(days=30)) == []
    (one,) = tell_time(found, later(days=30, microseconds=1000))
    alert = one.alert
    assert (alert.status, alert.party, alert.trigger_event_id, one.desks) == ("raised", PARTY, "g1", ("customs",))
    assert alert.position.offset == len(found.log) - 1
    assert [item.event_id for item in alert.evidence] == ["g1"]
    assert (alert.created_for, alert.amount_usd, alert.evidence_total) == (later(days=30), "1000.00", 1)
    assert tell_time(found, later(days=40)) == []
    assert found.state.counters["woken"] == 1


def test_a_declaration_in_time_closes_the_item():
    """Nothing is due any more, and nothing comes of it."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    declare(found, "d1", later(days=20))
    assert tell_time(found, later(days=60)) == []
    assert (len(found.state.wakes), found.state.counters["woken"]) == (0, 0)


def test_a_late_declaration_retracts_the_alert_at_every_desk_that_got_it():
    """The configuration names another desk by then; the first one gets the retraction all the same."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    (raised,) = tell_time(found, later(days=31))
    again = configuration(rules={ID: TABLE}, desks={"supervision": {"typologies": [ID]}})
    found.state.install(again)
    (one,) = declare(found, "d1", later(days=32))
    assert (one.alert.status, one.alert.supersedes, one.desks) == ("retracted", raised.alert.alert_id, ("customs",))
    assert (one.alert.trigger_event_id, one.alert.score, one.alert.amount_usd) == ("d1", 0.0, "0.00")
    assert one.alert.case_id == raised.alert.case_id
    assert declare(found, "d2", later(days=33)) == []
    assert found.state.counters["retracted"] == 1


def test_a_return_retracts_the_alert():
    """All of the payment came back, so nothing was paid for goods."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    tell_time(found, later(days=31))
    back = found.pay("r1", later(days=32), "1000", status="returned", original_event_id="g1", **GOODS)
    assert [one.alert.status for one in back.raised] == ["retracted"]


def test_what_is_due_beyond_one_records_share_is_woken_with_the_next_in_order():
    """40 items of one party: 32 with the record that moved the time, the rest with the next one."""
    found = ledger()
    for number in range(45):
        found.pay(f"g{number}", later(minutes=number), "1000", **GOODS)
    # the rule has 40 open at most; the five that are due last are not set
    assert found.state.counters["due_dates_cut"] == 5
    found.rate(later(days=40))  # 25 hours count less of what rates alone say
    assert found.state.counters["woken"] == MOST_ITEMS
    found.rate(later(days=40, hours=1))
    assert found.state.counters["woken"] == 40


def test_history_alerts_nobody_and_its_items_are_found_all_the_same():
    """What history set, and was due before it was read, wakes its rule in silence."""
    found = ledger()
    tell_time(found, later(days=100))
    found.pay("h1", later(days=69), "1000", history=True, **GOODS)
    assert tell_time(found, later(days=101)) == []
    assert found.state.counters["woken"] == 1


def test_a_party_that_waits_is_not_let_go_of_while_it_is_idle():
    """The sweep of idle parties passes it by; once its dates have passed it may go."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    party = unpack(found.state.parties[PARTY])
    found.state.wakes.note(PARTY, to_us(later(days=1000)))
    tell_time(found, later(days=500))
    assert PARTY in found.state.parties
    assert party.due


def test_a_renamed_party_keeps_its_due_dates():
    """After a key rotation the alert names the newer token."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    newer = GOODS | {"party": "k2.0a3.importer", "purpose": "1", "previous": {"k2.0a3.importer": PARTY}}
    found.pay("x", later(days=1), "10", **newer)
    (one,) = tell_time(found, later(days=31))
    assert (one.alert.party, one.alert.trigger_event_id) == ("k2.0a3.importer", "g1")
    assert PARTY not in found.state.wakes


def test_a_rule_that_is_switched_off_is_woken_and_alerts_nobody():
    """Its slot is right when it is switched on again."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    found.state.install(configuration(rules={ID: TABLE | {"enabled": False}}, desks=DESKS))
    assert tell_time(found, later(days=31)) == []
    assert msgspec.msgpack.decode(unpack(found.state.parties[PARTY]).slots[ID]) == [3]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=8), st.integers(0, 30))
def test_a_save_and_load_in_between_changes_nothing(steps, cut):
    """The same alerts and the same digest, wherever the state was saved and loaded."""
    found = ledger()
    for number, (days, paid) in enumerate(steps):
        if paid:
            found.pay(f"g{number}", later(days=days, minutes=number), "1000", **GOODS)
        else:
            tell_time(found, later(days=days, minutes=number))
    tell_time(found, later(days=90))
    state, raised = PartitionState.new(3), []
    for place, (event, origin) in enumerate(found.log):
        if place == min(cut, len(found.log) - 1):
            state = PartitionState.thaw(list(state.freeze().sections()))
        raised += apply(state, event, origin).raised
    assert digest(state) == digest(found.state)


def test_any_order_of_the_payments_wakes_the_same():
    """Each order of arrival ends with the same items overdue, by their event ids."""
    ends = set()
    for order in permutations(range(4)):
        found = ledger()
        names = {}
        for number in order:
            names[len(found.log)] = number
            found.pay(f"g{number}", later(days=number), "1000", **GOODS)
        raised = tell_time(found, later(days=32))
        overdue = msgspec.msgpack.decode(unpack(found.state.parties[PARTY]).slots[ID])
        ends.add((tuple(names[offset] for offset in overdue), raised[-1].alert.amount_usd, len(raised)))
    assert ends == {((0, 1), "2000.00", 2)}


def test_one_sender_a_day_ahead_wakes_no_other_partys_date():
    """Its event times and Kafka timestamps are 24 h ahead, as often as it likes; the party's date stands."""
    found = ledger()
    found.pay("g1", START, "1000", **GOODS)
    now = START + timedelta(days=29, hours=12)
    tell_time(found, now)
    for number in range(50):
        at = now + timedelta(days=1, minutes=number)
        ahead = found.pay(f"x{number}", at, "10", institution=f"MADEUP{number}", party="k1.0ee.x", evidence="shown")
        assert ahead.raised == ()
    assert found.state.counters["woken"] == 0
    assert len(tell_time(found, later(days=31))) == 1


def test_a_return_that_brings_the_year_under_the_cap_retracts_t02():
    """120 000 USD without documents are over the cap; with 30 000 returned they are not."""
    found = ledger(anybody={})
    found.pay("a", START, "60000")
    (raised,) = found.pay("b", later(days=1), "60000").raised
    assert [one.id for one in raised.alert.typologies] == ["T02"]
    assert found.pay("r", later(days=2), "10000", status="returned", original_event_id="b").raised == ()
    (one,) = found.pay("s", later(days=3), "30000", status="returned", original_event_id="a").raised
    assert (one.alert.status, one.alert.supersedes, one.desks) == ("retracted", raised.alert.alert_id, raised.desks)
    assert one.alert.trigger_event_id == "s"


@pytest.mark.parametrize(("due_us", "quiet"), [(99, True), (100, True), (101, False)])
def test_what_history_sets_is_quiet_up_to_the_time_that_had_passed(due_us, quiet):
    """That very moment included; what no history sets is never quiet."""
    loaded, live = PartyDates({}, 100), PartyDates({})
    for dates in (loaded, live):
        dates.of(Undeclared()).set("declared", 7, due_us)
    assert [one.quiet for one in loaded.of(Undeclared()).waiting("declared")] == [quiet]
    assert [one.quiet for one in live.of(Undeclared()).waiting("declared")] == [False]


def test_those_left_out_are_counted_together():
    """Of 43 dates three are beyond the forty; the last of them took none's place."""
    dates = PartyDates({})
    for number in range(43):
        dates.of(Undeclared()).set("declared", number, number)
    dates.of(Undeclared()).set("declared", 1, 1)
    assert dates.left_out == 3


@pytest.mark.parametrize(("day", "limit"), [(date(2019, 12, 31), None), (date(2020, 1, 1), "30")])
def test_limits_are_those_of_the_day_that_was_due(day, limit):
    """Of the typology and name that were asked for, for due dates and declarations alike."""
    past = Past(None, [], None, Rulebook(configuration(rules={ID: TABLE})), {}, None, None)  # type: ignore[arg-type]
    wake = Wake(past, (), 0, day, PartyDates({}), "company")
    heard = Heard(None, 0, 0, day, past, PartyDates({}), "company")  # type: ignore[arg-type]
    for asked in (wake, heard):
        found = asked.limit(ID, "term")
        assert (None if found is None else str(found.number)) == limit
        assert (asked.limit(ID, "x"), asked.limit("T98", "term")) == (None, None)


def test_an_alert_of_two_findings_is_brought_up_to_date_until_the_last_is_taken_back():
    """With 30 000 of 120 000 USD back the year is under the cap, and the rate is off the market all the same."""
    found = ledger(anybody={})
    deal = {"deal_rate": "1456", "settled_currency": "KRW"}
    (raised,) = found.pay("a", START, "120000", **deal).raised
    assert [one.id for one in raised.alert.typologies] == ["T02", "T16"]
    (some,) = found.pay("r", later(days=1), "30000", status="returned", original_event_id="a", **deal).raised
    alert = some.alert
    assert (alert.status, alert.supersedes, some.desks) == ("updated", raised.alert.alert_id, raised.desks)
    assert ([one.id for one in alert.typologies], alert.score > 0) == (["T16"], True)
    assert [(one.feature, one.value) for one in alert.reasons] == [("T02", "90000.00"), ("T16", "3600.00")]
    assert (alert.position.partition, alert.position.offset, alert.desk) == (3, len(found.log) - 1, raised.alert.desk)
    assert (alert.institutions, alert.created_for, found.state.counters["retracted"]) == (("BANKA",), later(days=1), 0)
    found.rate(later(days=2))
    (last,) = found.pay("s", later(days=2), "90000", status="returned", original_event_id="a", **deal).raised
    assert (last.alert.status, last.alert.supersedes) == ("retracted", alert.alert_id)
    assert ([one.id for one in last.alert.typologies], last.desks) == (["T16"], raised.desks)
    assert (last.alert.amount_krw, last.alert.case_id, found.state.counters["retracted"]) == ("0", alert.case_id, 1)
