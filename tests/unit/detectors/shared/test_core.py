"""The shared agent's core, record by record: the gate, what counts in a node, what is taken back, what is bounded."""

from datetime import timedelta
from types import SimpleNamespace

import msgspec
import pytest

from detectors.books.party import unpack
from detectors.books.payments import OUT, rows
from detectors.contracts.events import ConfigurationChange, Origin, Source
from detectors.shared import nodes
from detectors.shared.core import apply
from detectors.shared.state import SharedState
from tests.support.ledger import START, TOPIC, configuration, later, payment, stamp
from tests.support.leg_log import PAYEE, LegLog, legs_of, resident


def node(log: LegLog, name: str = PAYEE):
    """A node of the log, unpacked."""
    return unpack(log.state.parties[name])


def worth(log: LegLog, name: str = PAYEE) -> list[tuple[str, int]]:
    """Residents and the USD cents of their payments, in ledger order."""
    found = node(log, name)
    known = nodes.residents_of(found)
    columns = (rows(found)[each].tolist() for each in ("beneficiary", "usd"))
    return [(known[who], usd) for who, usd in zip(*columns, strict=True)]


def test_a_node_knows_its_residents_amounts_and_first_day():
    """In and out are told apart, and a resident that pays twice is one."""
    log = LegLog()
    for number, (who, amount, direction) in enumerate(((1, "4900", "out"), (2, "300", "in"), (1, "20.50", "out"))):
        log.pay(f"e{number}", later(days=number), amount, who, direction=direction)
    found = node(log)
    assert nodes.kind_of(found) == "counterparty"
    assert worth(log) == [(resident(1), 490_000), (resident(2), 30_000), (resident(1), 2_050)]
    assert sorted(nodes.residents_of(found).values()) == [resident(1), resident(2)]
    assert [bool(flags & OUT) for flags in rows(found)["flags"].tolist()] == [True, False, True]
    assert (found.first_us, found.last_us) == (stamp(later()) * 1000, stamp(later(days=2)) * 1000)


def test_each_thing_that_a_record_names_is_a_node():
    """Legs of one record in one partition all count, each in its own node."""
    log = LegLog()
    given = {"counterparty_account": "k1.001.account", "device": "k1.002.device", "contact": "k1.003.contact"}
    outputs = log.pay("e1", later(), who=7, kinds=(), **given)
    assert [one.outcome for one in outputs] == ["applied"] * 4
    assert {name: nodes.kind_of(node(log, name)) for name in (PAYEE, *given.values())} == {
        PAYEE: "counterparty",
        "k1.001.account": "account",
        "k1.002.device": "device",
        "k1.003.contact": "contact",
    }
    assert all(worth(log, name) == [(resident(7), 490_000)] for name in given.values())


def test_a_redelivered_leg_counts_once_and_a_leg_after_it_counts():
    """The gate counts offset and number: the second leg of the same record is no redelivery."""
    log = LegLog()
    event = payment("e1", later(), device="k1.002.device")
    first, second = legs_of(event)
    origin = Origin(offset=1, source=Source(TOPIC, 0, 5), commitment="k1:ab", timestamp_ms=stamp(later()))
    outcomes = [
        log.put(leg, msgspec.structs.replace(origin, offset=offset)).outcome
        for offset, leg in enumerate((first, first, second, first, second), start=1)
    ]
    assert outcomes == ["applied", "redelivered", "applied", "redelivered", "redelivered"]
    assert log.state.counters["redelivered"] == 3
    assert (len(rows(node(log))), len(rows(node(log, "k1.002.device")))) == (1, 1)


def test_a_record_sent_again_is_a_duplicate_and_another_body_a_conflict_without_a_notice():
    """The monitor gives the notice of a conflict; a second one would be a second dead letter."""
    log = LegLog()
    log.pay("e1", later())
    assert log.pay("e1", later())[0].outcome == "duplicate"
    changed = log.pay("e1", later(), "7000")[0]
    assert (changed.outcome, changed.notice) == ("conflict", None)
    assert worth(log) == [("k1.025.resident1", 490_000)]


def test_an_order_and_its_settlement_are_one_payment_with_the_settled_amount():
    """The payment stays known by its first event."""
    log = LegLog()
    log.pay("order", later(), "4000", status="ordered", payment_id="p1")
    log.pay("settled", later(days=1), "4100", payment_id="p1")
    assert worth(log) == [(resident(1), 410_000)]
    assert rows(node(log))["time"].tolist() == [stamp(later()) * 1000]


@pytest.mark.parametrize("first", ["payment", "return"])
def test_what_comes_back_is_taken_back_in_either_order(first):
    """A return may come before its payment; a part of it takes a part."""
    log = LegLog()
    given = {"status": "returned", "original_event_id": "e1", "payment_id": "p1"}
    steps = {
        "payment": lambda: log.pay("e1", later(), "4000", payment_id="p1"),
        "return": lambda: log.pay("e2", later(days=1), "1500", **given),
    }
    for name in sorted(steps, key=lambda each: each != first):
        steps[name]()
    assert worth(log) == [(resident(1), 250_000)]


def test_a_resident_takes_back_what_it_paid_itself():
    """Another resident's return of the same payment id at the same bank takes nothing from this one."""
    log = LegLog()
    log.pay("e1", later(), "4000", 1, payment_id="p1")
    log.pay("e2", later(days=1), "4000", 2, status="returned", payment_id="p1")
    assert worth(log) == [(resident(1), 400_000)]


def test_amounts_are_valued_by_the_rates_of_the_same_topic_and_a_corrected_rate_values_them_anew():
    """Rates come on the legs' partitions too, and are the same book as the monitor's."""
    log = LegLog()
    log.rate(START)
    log.pay("e1", later(hours=1), "1400000", currency="KRW")
    assert worth(log) == [(resident(1), 100_000)]
    log.rate(START, "1450")
    log.pay("e2", later(hours=2), "1450000", 2, currency="KRW")
    assert worth(log) == [(resident(1), 96_552), (resident(2), 100_000)]


def test_a_late_leg_counts_nowhere():
    """Later than the configured lateness is no part of any window."""
    log = LegLog()
    log.pay("e1", later(days=40))
    assert log.pay("e2", later(), who=2)[0].late
    assert worth(log) == [(resident(1), 490_000)]
    assert log.state.counters["late"] == 1


def test_payments_older_than_the_window_leave_with_their_residents():
    """90 days, and 35 for late legs; looked at once in four payments."""
    log = LegLog()
    for number in range(4):
        log.pay(f"old{number}", later(hours=number), who=number)
    for number in range(4, 8):
        log.pay(f"new{number}", later(days=126, hours=number), who=number)
    assert [who for who, _ in worth(log)] == [resident(number) for number in range(4, 8)]
    assert len(nodes.residents_of(node(log))) == 4


def test_a_node_that_nobody_uses_is_forgotten():
    """After 125 days; by the hour of the partition's clock."""
    log = LegLog()
    log.pay("e1", later(), counterparty="k1.222.other")
    # the due clock goes by several senders' words
    for number, bank in enumerate(("BANKA", "BANKB", "BANKC", "BANKD"), start=2):
        log.pay(f"e{number}", later(days=170), institution=bank)
        log.pay(f"f{number}", later(days=171, hours=number), institution=bank)
    log.rate(later(days=172))
    log.pay("last", later(days=172, hours=1))
    assert sorted(log.state.parties) == [PAYEE]


def test_a_rotated_token_leads_to_the_same_node_and_the_same_resident():
    """During the overlap a record names both tokens; the node moves to the newer name."""
    log = LegLog()
    log.pay("e1", later(), who=1)
    log.pay("e2", later(minutes=1), who=2, counterparty="k2.111.payee", party="k2.025.resident1", previous={
        "k2.111.payee": PAYEE, "k2.025.resident1": resident(1),
    })  # fmt: skip
    assert sorted(log.state.parties) == ["k2.111.payee"]
    assert worth(log, "k2.111.payee") == [("k2.025.resident1", 490_000)] * 2


def test_a_node_known_under_two_tokens_becomes_one_with_the_residents_of_both():
    """A record without the earlier token came first."""
    log = LegLog()
    log.pay("e1", later(), who=1)
    log.pay("e2", later(minutes=1), who=2, counterparty="k2.111.payee")
    log.pay("e3", later(minutes=2), who=3, counterparty="k2.111.payee", previous={"k2.111.payee": PAYEE})
    assert sorted(who for who, _ in worth(log, "k2.111.payee")) == [resident(1), resident(2), resident(3)]


def test_a_leg_before_the_first_configuration_cannot_be_applied():
    """The topic's first record is the configuration, as on the ledger."""
    state = SharedState.new(0)
    leg, origin = legs_of(payment("e1", START))[0], Origin(offset=0, source=None, commitment="k1:ab", timestamp_ms=1)
    with pytest.raises(ValueError, match="no configuration is in force at offset 0 of the legs"):
        apply(state, leg, origin)


def test_an_offset_is_applied_once():
    """What stands before `next` was applied."""
    log = LegLog()
    log.pay("e1", later())
    with pytest.raises(ValueError, match="applied before; got: offset 1; expected: 2 or more"):
        apply(log.state, *log.log[1])
    with pytest.raises(ValueError, match="applied before; got: offset 0"):
        apply(log.state, ConfigurationChange(configuration=configuration()), log.log[0][1])


def ringed(log: LegLog, first: int = 0, amount: int = 3000):
    """The alert of five residents who pay one foreign party."""
    found = [
        alert
        for number in range(first, first + 5)
        for outputs in log.pay(f"ring{number}", later(days=first, hours=number), str(amount + number), number)
        for alert in outputs.alerts
    ]
    return found[-1]


def test_a_verdict_counts_with_the_thing_that_the_alert_is_about_and_once_an_officer():
    """As the monitor's with a party. The second of an officer is told so, and so is one that names no alert."""
    log = LegLog()
    alert, at = ringed(log), later(days=2)
    assert log.judge(alert, at).outcome == "applied"
    assert [(one.alert.hex(), one.verdict) for one in node(log).verdicts] == [(alert.alert_id, "refuted")]
    again = log.judge(alert, later(days=3), event_id="again")
    assert (again.outcome, again.notice.code) == ("refused", "verdict.repeated")
    foreign = log.judge(msgspec.structs.replace(alert, alert_id="7" * 32), at, event_id="foreign")
    assert (foreign.outcome, foreign.notice.code) == ("refused", "verdict.unknown_alert")
    assert foreign.notice.source.topic == "fx.dispositions.v1"
    assert log.judge(alert, later(days=4), "withdrawn").outcome == "applied"
    assert [one.verdict for one in node(log).verdicts] == ["withdrawn"]


def test_a_verdict_that_comes_again_is_a_duplicate_and_changed_a_conflict_that_is_told():
    """The monitor passes it, so this agent tells."""
    log = LegLog()
    alert, at = ringed(log), later(days=2)
    log.judge(alert, at)
    assert log.judge(alert, at).outcome == "duplicate"
    changed = log.judge(alert, at, office="Seoul")
    assert (changed.outcome, changed.notice.code) == ("conflict", "event.conflict")
    record, origin = log.log[-1]
    assert log.put(record, msgspec.structs.replace(origin, offset=len(log.log))).outcome == "redelivered"


def test_a_verdict_on_another_thing_makes_no_node_and_counts_for_nothing():
    """Whoever names the wrong thing is refused, with the alert's id right."""
    log = LegLog()
    alert = ringed(log)
    nodes_before = dict(log.state.parties.items())
    wrong = log.judge(alert, later(days=2), shared_token="k1.112.other")
    assert (wrong.outcome, wrong.notice.code) == ("refused", "verdict.unknown_alert")
    assert dict(log.state.parties.items()) == nodes_before


def test_alerts_of_a_shared_thing_rest_under_a_snooze_and_wake_with_its_end():
    """No desk gets what rests, unless a line of the law is passed; it says under which record it came."""
    log = LegLog()
    alert = ringed(log)
    began = log.judge(alert, later(days=1), until=timedelta(days=30))
    assert (began.outcome, began.snooze) == ("applied", "begun")
    place = log.log[-1][1].offset
    second = ringed(log, first=5, amount=40_000)
    assert (second.supersedes, second.snoozed.offset) == (alert.alert_id, place)
    assert (second.snoozed.legal_line, second.desk) == (False, "unassigned")
    ended = log.judge(second, later(days=7), until=timedelta(0))
    assert (ended.outcome, ended.snooze) == ("applied", "ended")
    third = ringed(log, first=40, amount=90_000)
    assert third.snoozed is msgspec.UNSET
    assert third.desk == alert.desk != "unassigned"


def test_the_approvers_of_the_configuration_stand_in_alerts_about_shared_things():
    """As in the monitor's."""
    log = LegLog()
    log.state.approvals = SimpleNamespace(names=("kim", "lee"))
    assert ringed(log).versions.approved_by == ("kim", "lee")
