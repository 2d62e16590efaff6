"""What an alert holds: every field of one built by hand, its evidence and its amounts."""

import hashlib
from datetime import timedelta

import msgspec
import pytest

from detectors.alerting import build as builder
from detectors.alerting import unusual
from detectors.alerting.build import RULE, krw_of
from detectors.alerting.evidence import proof_of
from detectors.alerting.unusual import SLOT, Noticed, Told
from detectors.books.party import Alerted, unpack
from detectors.books.payments import rows
from detectors.contracts.alert import Measured, Position, Reason, Selection, Versions
from detectors.contracts.configuration import Desk
from detectors.contracts.events import Origin, Source
from detectors.features import Feature
from detectors.ranking.ensemble import Scored
from detectors.ranking.fusion import fuse
from detectors.values.money import Exact, Ratio
from tests.support.alert_case import DRAWN, FIRST, SECOND, TRIGGER, build, case_of, hit, never
from tests.support.ledger import START, Ledger, later, payment


def test_every_field_of_a_rules_alert():
    """As CONTRACT fx.alerts.v1 says; the id is a hash of what decides the alert, so a replay gives the same."""
    case = case_of(event=payment("e3", later(hours=2), "1234.56", contract_counterparty="k1.222.contract"))
    alert = build(case, [hit()], RULE, never)
    effective = case.state.effective
    assert effective is not None
    parts = [
        "monitor",
        case.event.identity,
        "k1.0a3.remitter",
        "BANKA",
        "T01",
        effective.detectors_version,
        effective.rules_version,
    ]
    assert alert.alert_id == hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    assert (alert.status, alert.supersedes) == ("raised", None)
    assert alert.case_id == "case-" + hashlib.sha256(f"case|{alert.alert_id}".encode()).hexdigest()[:24]
    assert (alert.created_for, alert.trigger_event_id) == (later(hours=2), "e3")
    assert (alert.party, alert.counterparty, alert.parties) == ("k1.0a3.remitter", "k1.111.payee", ("k1.222.contract",))
    assert alert.institutions == ("BANKA", "BANKB")
    assert (alert.severity, alert.score, alert.rank, alert.desk) == ("medium", 0.6, None, "supervision")
    (shown,) = alert.typologies
    assert (shown.id, shown.name, shown.strength) == ("T01", "Name of T01 / T01 이름", 0.6)
    assert shown.legal_basis == case.configuration.rules["T01"].legal_basis
    assert (shown.limits, shown.window) == ((), "30 days")
    assert shown.measured == (Measured(name="sum", value="9000.00", unit="USD"),)
    assert alert.reasons == (
        Reason(
            feature="T01",
            value=2,
            unit="count",
            own_baseline=1.5,
            own_n=7,
            peer_baseline=0.5,
            contribution=1.0,
            text_en="Two pieces.",
            text_ko="분할 송금 2건입니다.",
        ),
    )
    # 9 000 USD at 1 400.5 won
    assert (alert.amount_usd, alert.amount_krw, alert.rate_missing) == ("9000.00", "12604500", False)
    assert alert.versions == Versions(
        code=case.state.code_version,
        config=effective.config_version,
        detectors=effective.detectors_version,
        rules=effective.rules_version,
    )
    assert alert.position == Position(topic=case.state.ledger_topic, partition=3, offset=TRIGGER)
    assert alert.selection == RULE == Selection(budget="rule", probability=1.0, explored=False)
    assert [item.event_id for item in alert.evidence] == ["e1", "e3"]
    assert (alert.evidence_total, alert.counterfactual) == (2, ())


def test_an_alert_is_remembered_with_its_case_and_its_id():
    """So that the series alerts again only when it grows, the case stays open, and a verdict on it counts."""
    case = case_of()
    alert = build(case, [hit()], RULE, never)
    at = case.at_us
    assert case.party.alerted == [
        Alerted("T01", "s", 900_000, at, alert.alert_id, alert.case_id, {}, ("supervision",), 0.6, 900_000, "sign")
    ]
    assert case.party.case == (alert.case_id, at)
    assert case.party.raised[:16] == bytes.fromhex(alert.alert_id)
    assert len(case.party.raised) == 24


def test_parts_of_institutions_with_a_share_are_remembered_before_all_others():
    """The payment's own, then the one that a configuration lists, though it is the smaller one."""
    case = case_of()
    case.state.shares.list(["BANKC"])
    build(case, [hit(institution="BANKA", parts=(("BANKA", 7), ("MADE", 900), ("BANKC", 1)))], RULE, never)
    assert list(case.party.alerted[0].parts.items()) == [("BANKA", 7), ("BANKC", 1), ("MADE", 900)]


def test_two_typologies_make_one_alert_with_the_larger_amount():
    """Both names, institutions and reasons; the strengths add up as doubt does: 1 - 0.4 x 0.5."""
    two = [hit(), hit("T16", strength=0.5, at_risk=1_000_000, institutions=("BANKC",), offsets=(SECOND,))]
    alert = build(case_of(), two, RULE, never)
    assert [each.id for each in alert.typologies] == ["T01", "T16"]
    assert alert.institutions == ("BANKA", "BANKB", "BANKC")
    assert (alert.score, alert.amount_usd) == (0.8, "10000.00")
    assert [item.offset for item in alert.evidence] == [FIRST, SECOND, TRIGGER]
    case = case_of()
    effective = case.state.effective
    parts = [
        "monitor",
        case.event.identity,
        case.event.party,
        "BANKA",
        "T01,T16",
        effective.detectors_version,
        effective.rules_version,
    ]
    assert alert.alert_id == hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def test_a_rank_counts_beside_a_rule_and_the_score_has_six_places():
    """1 - (1 - 0.25 x 0.998) x 0.4 at p = 0.002, rounded to a millionth."""
    scored = Scored(0.9, 0.002, {}, (), warm=True)
    alert = build(case_of(scored=scored), [hit()], RULE, never)
    assert (alert.score, alert.rank) == (0.6998, 0.002)


EARLIER = Alerted("T01", "s", 400_000, 0, "a" * 32, "case-earlier")
OTHER = Alerted("T16", "x", 400_000, 0, "b" * 32, "case-other")


@pytest.mark.parametrize(
    ("superseded", "status", "supersedes", "case_id"),
    [
        ([EARLIER], "updated", "a" * 32, "case-earlier"),
        ([EARLIER, OTHER], "updated", "a" * 32, "case-earlier"),  # the first one's
        ([None, OTHER], "raised", None, "case-other"),  # one is new: a new alert, in the case of the other
        ([OTHER, None], "raised", None, "case-other"),
        ([None, None], "raised", None, "case-open"),  # all new: the party's open case
    ],
)
def test_an_alert_brings_an_earlier_one_up_to_date_only_where_all_of_it_is_known(
    superseded, status, supersedes, case_id
):
    """Whatever is superseded gives its case; without, the party's open one."""
    case = case_of()
    case.party.case = ("case-open", case.at_us)
    found = [hit(name, one) for name, one in zip(("T01", "T16"), superseded, strict=False)]
    alert = build(case, found, RULE, never)
    assert (alert.status, alert.supersedes, alert.case_id) == (status, supersedes, case_id)


@pytest.mark.parametrize(
    ("ruled", "usd", "to_krw", "amount_usd", "amount_krw"),
    [
        (True, 123_456, Ratio(14_005, 10), "9000.00", "12604500"),
        (True, None, Ratio(14_005, 10), "9000.00", "12604500"),  # the finding's amount is known, the payment's not
        (True, None, None, "9000.00", None),  # the won of the payment alone say nothing of the finding
        (False, 123_456, Ratio(14_005, 10), "1234.56", "1729001"),  # 1 234.56 x 1 400.5 = 1 729 001.28
        (False, 123_456, None, "1234.56", "1728384"),
        (False, None, Ratio(14_005, 10), None, "1728384"),
        (False, None, None, None, "1728384"),
    ],
)
def test_amounts_are_the_findings_or_the_payments_own(ruled, usd, to_krw, amount_usd, amount_krw):
    """USD to the cent, KRW whole at the event's own time; a payment in won needs no rate; what is not known is None."""
    case = case_of(usd=usd, to_krw=to_krw)
    alert = build(case, [hit()] if ruled else [], RULE if ruled else DRAWN, lambda rank: False)
    assert (alert.amount_usd, alert.amount_krw) == (amount_usd, amount_krw)
    assert alert.rate_missing == (usd is None)
    none = build(case_of(usd=None, to_krw=None, own_krw=None), [], DRAWN, lambda rank: False)
    assert (none.amount_usd, none.amount_krw) == (None, None)
    nothing = build(case_of(usd=0), [], DRAWN, lambda rank: False)
    assert (nothing.amount_usd, nothing.amount_krw) == ("0.00", "0")


def test_a_statistical_alert_is_named_anomaly_and_goes_to_its_own_desk():
    """Severity from rank, own past, and what is odd: one in 5 000 and 20 000 USD are high, a cent less is medium."""
    for usd, level in ((2_000_000, "high"), (1_999_999, "medium")):
        case = odd_case(usd=usd)
        alert = build(case, [], DRAWN, lambda rank: False)
        assert (alert.severity, alert.desk, alert.parties, alert.selection) == (level, "compliance", (), DRAWN)
        effective = case.state.effective
        parts = [
            "monitor",
            case.event.identity,
            case.event.party,
            "BANKA",
            "anomaly",
            effective.detectors_version,
            effective.rules_version,
        ]
        assert alert.alert_id == hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
        assert (alert.evidence_total, [item.event_id for item in alert.evidence]) == (1, ["e3"])


def odd_case(rank=0.0002, own=20, **changes):
    """A payment that is odd for its hour, of a party with so many observations."""
    features = (Feature("hour", 3.0, "hour", 4.0, 12.0, own, 12.0),)
    return case_of(scored=Scored(1 - rank, rank, {}, (("hour", 1.0),), warm=True), features=features, **changes)


def known_before(case, kind="time", level="medium"):
    """The party's first payment, 4 000 USD at BANKB, had a statistical alert of this kind."""
    noticed = Noticed(int(rows(case.party)["event"][0]), 0.4, level)
    told = Told(kind, "0" * 32, "case-before", case.at_us, ("former",), (noticed,))
    unusual.remember(case.party, told, None)


def test_a_statistical_alert_brings_the_one_before_up_to_date():
    """Both payments, both banks, the sum, every desk that got the earlier one; and it is remembered itself."""
    case = odd_case(payment=77, usd=123_456)
    known_before(case)
    alert, desks = builder.build(case, [], DRAWN, lambda rank: False)
    assert (alert.status, alert.supersedes, alert.case_id) == ("updated", "0" * 32, "case-before")
    assert (alert.institutions, alert.severity, alert.score) == (("BANKA", "BANKB"), "medium", 0.454455)
    assert (alert.amount_usd, alert.amount_krw) == ("5234.56", "7331001")  # 4 000 + 1 234.56; x 1 400.5
    assert (alert.desk, desks) == ("compliance", ("compliance", "former"))
    assert ([item.event_id for item in alert.evidence], alert.evidence_total) == (["e1", "e3"], 2)
    days = case.configuration.engine.case_window_days
    kept = unusual.brought_up_to_date(case.party, "time", case.at_us, days, "low", 0).told
    assert (kept.alert_id, kept.case_id, kept.desks) == (alert.alert_id, "case-before", desks)
    assert kept.payments[-1] == Noticed(77, fuse(0.0002, ()), "medium")
    assert case.party.proofs[-1] == proof_of(case.state, case.event, case.origin)


def test_what_came_of_no_institution_names_none():
    """A due date has none."""
    case = case_of(event=payment("e3", later(hours=2), "1234.56", institution=""))
    assert build(case, [hit()], RULE, never).institutions == ("BANKB",)


def test_the_higher_severity_of_the_two_stays():
    """The earlier payment alone is high; the desk of high alerts hears of the update."""
    case = odd_case(usd=1)
    known_before(case, level="high")
    assert build(case, [], DRAWN, lambda rank: False).severity == "high"


def test_an_update_of_a_payment_without_a_rate_tells_what_is_known():
    """The earlier payment's worth, in both currencies, and that the trigger's is not known."""
    case = odd_case(usd=None)
    known_before(case)
    alert = build(case, [], DRAWN, lambda rank: False)
    assert (alert.amount_usd, alert.amount_krw, alert.rate_missing) == ("4000.00", "5602000", True)


@pytest.mark.parametrize("chosen", ["by lot", "by a rule", "of another kind", "of substance"])
def test_what_stands_apart_is_raised_anew(chosen):
    """Exploration and rules neither bring the party's statistical alert up to date nor take its place."""
    case = odd_case(usd=800_000 if chosen == "of substance" else 799_999)
    known_before(case, "money" if chosen == "of another kind" else "time")
    before = case.party.slots[SLOT]
    selection = msgspec.structs.replace(DRAWN, explored=chosen == "by lot")
    alert = build(case, [hit()] if chosen == "by a rule" else [], selection, lambda rank: False)
    assert (alert.status, alert.supersedes) == ("raised", None)
    if chosen in {"by lot", "by a rule"}:
        assert case.party.slots[SLOT] == before
        assert case.party.proofs[-1] != proof_of(case.state, case.event, case.origin)
    else:
        days = case.configuration.engine.case_window_days
        kept = unusual.brought_up_to_date(case.party, "time", case.at_us, days, "low", 0)
        assert kept is None or kept.told.case_id == "case-before"
        assert alert.alert_id in case.party.slots[SLOT].decode(errors="replace")


def test_the_desk_is_asked_with_the_alerts_own_severity_and_the_type_it_is_judged_as():
    """One desk for each kind of question; the first that matches in the configuration's order is the alert's."""
    for table, desk in (
        ({"severities": ("medium",)}, "asked"),
        ({"severities": ("high",)}, "unassigned"),
        ({"party_types": ("person",)}, "asked"),
        ({"party_types": ("bank",)}, "unassigned"),
        ({"institutions": ("BANKB",)}, "asked"),
        ({"institutions": ("BANKX",)}, "unassigned"),
        ({"typologies": ("T01",)}, "asked"),
        ({"typologies": ("anomaly",)}, "unassigned"),
        ({"purposes": ("gift",)}, "asked"),
        ({"purposes": ("import",)}, "unassigned"),
        ({"channels": ("app",)}, "asked"),
        ({"channels": ("web",)}, "unassigned"),
    ):
        case = case_of()
        desks = {
            "asked": msgspec.structs.replace(
                Desk(),
                **table,
            )
        }
        changed = case._replace(configuration=msgspec.structs.replace(case.configuration, desks=desks))
        alert, names = builder.build(changed, [hit()], RULE, never)
        assert (alert.desk, names) == (desk, () if desk == "unassigned" else ("asked",))


@pytest.mark.parametrize("table", [{"purposes": ("gift",)}, {"channels": ("app",)}], ids=["purposes", "channels"])
def test_a_due_dates_alert_has_neither_purpose_nor_channel(table):
    """Its trigger is no payment; the payment that is asked about may be another's."""
    case = case_of()
    changed = case._replace(
        trigger=SECOND, configuration=msgspec.structs.replace(case.configuration, desks={"asked": Desk(**table)})
    )
    assert builder.build(changed, [hit()], RULE, never).desks == ()


# -- evidence -----------------------------------------------------------------------------------------------------


def test_evidence_says_of_each_payment_its_own_time_bank_topic_and_commitment():
    """In ledger order; the trigger once, from the event itself."""
    case = case_of()
    alert = build(case, [hit(offsets=(TRIGGER, SECOND, FIRST))], RULE, never)
    commitments = ["k1:" + hashlib.sha256(f"fx.transactions.v1{place}".encode()).hexdigest() for place in range(3)]
    found = [(one.event_id, one.institution, one.event_time, one.offset, one.commitment) for one in alert.evidence]
    assert found == [
        (f"e{place + 1}", bank, later(hours=place), place + 1, commitments[place])
        for place, bank in enumerate(("BANKB", "BANKA", "BANKA"))
    ]
    assert {(item.topic, item.sha256) for item in alert.evidence} == {("fx.transactions.v1", msgspec.UNSET)}
    assert [(one.amount, one.amount_usd) for one in alert.evidence] == [
        ("4000", "4000.00"),
        ("5000", "5000.00"),
        ("1234.56", "1234.56"),
    ]
    assert {one.purpose_en for one in alert.evidence} == {"gift to a person abroad"}


def test_an_event_of_an_earlier_release_has_its_hash():
    """No key id: a plain SHA-256, under its own name."""
    case = case_of(origin=Origin(offset=TRIGGER, source=None, commitment="ab" * 32, timestamp_ms=0))
    (item,) = build(case, [], DRAWN, lambda rank: False).evidence
    assert (item.sha256, item.commitment) == ("ab" * 32, msgspec.UNSET)
    assert item.topic == case.state.ledger_topic


def test_what_is_kept_in_totals_only_is_counted_and_not_shown():
    """The most of the findings' folded payments, as they are the same ones."""
    two = [hit(folded=40), hit("T16", folded=3, offsets=(SECOND,))]
    alert = build(case_of(), two, RULE, never)
    assert (len(alert.evidence), alert.evidence_total) == (3, 3 + 40)


def test_a_payment_whose_row_is_gone_is_not_shown_under_another_ones_time_and_bank():
    """A deal off the market may be remembered longer than its row is kept; the number counts it."""
    case = case_of()
    there = build(case, [hit(offsets=(FIRST, TRIGGER))], RULE, never)
    assert [(item.event_id, item.institution) for item in there.evidence] == [("e1", "BANKB"), ("e3", "BANKA")]
    case = case_of()
    case.party.payments = b""
    gone = build(case, [hit(offsets=(FIRST, TRIGGER))], RULE, never)
    assert [(item.event_id, item.event_time) for item in gone.evidence] == [("e3", later(hours=2))]
    assert gone.evidence_total == 2


def test_fifty_payments_are_shown_and_the_newest_ones():
    """Of sixty behind the finding, with the trigger among them."""
    ledger = Ledger()
    origins = []
    for number in range(60):
        origins.append(ledger.origin())
        ledger.put(payment(f"p{number}", START + timedelta(minutes=number), "10", evidence="shown"), origins[-1])
    event = payment("trigger", later(hours=2), "10")
    party = unpack(ledger.state.parties[event.party])
    for number, origin in enumerate(origins):
        party.remember_proof(proof_of(ledger.state, payment(f"p{number}", START), origin))
    case = case_of(state=ledger.state, event=event, origin=ledger.origin(), party=party)
    alert = build(case, [hit(offsets=tuple(range(1, 61)))], RULE, never)
    assert [item.event_id for item in alert.evidence] == [*(f"p{number}" for number in range(11, 60)), "trigger"]
    assert alert.evidence_total == 61


def test_what_names_an_event_is_its_source_or_the_ledger():
    """Topic number, sender's id, packed commitment, and whether it lies in the band of pieces."""
    case = case_of()
    source = Origin(offset=9, source=Source("fx.rates.v1", 0, 4), commitment="k1:" + "cd" * 32, timestamp_ms=0)
    proof = proof_of(case.state, case.event, source, piece=True)
    assert (proof.offset, case.state.topics[proof.topic], proof.event_id) == (9, "fx.rates.v1", "e3")
    assert (proof.original, proof.piece) == (bytes.fromhex("cd" * 32) + b"k1", True)
    plain = proof_of(case.state, case.event, msgspec.structs.replace(source, source=None))
    assert (case.state.topics[plain.topic], plain.piece) == (case.state.ledger_topic, False)


def test_a_proof_tells_whose_share_it_is_of():
    """Sixteen bits of a hash: of an institution that has a share of its own, else of all others together."""
    case = case_of()
    ledger_with_bic = Ledger()
    ledger_with_bic.pay("e1", START, institution="SHBKKRSE")
    older = payment("e2", START, institution="SHBKKRSEXXX")  # one bank, as older ledgers write it
    digest = hashlib.blake2b(b"SHBKKRSE", digest_size=8).digest()
    assert proof_of(ledger_with_bic.state, older, case.origin).sender == int.from_bytes(digest[:2], "big")
    for institution, share in (("BANKA", "BANKA"), ("BANKB", "BANKB"), ("MADEUP", "")):
        event = msgspec.structs.replace(case.event, institution=institution)
        digest = hashlib.blake2b(share.encode(), digest_size=8).digest()
        assert proof_of(case.state, event, case.origin).sender == int.from_bytes(digest[:2], "big")


@pytest.mark.parametrize(
    ("amount", "rate", "expected"),
    [
        (Exact(10050, 2), Ratio(14_005, 10), 140_750),
        (Exact(3, 0), Ratio(1, 2), 2),
        (Exact(5, 0), Ratio(1, 2), 2),
        (Exact(7, 0), None, None),
    ],
)
def test_won_are_whole_and_halves_go_to_the_even_one(amount, rate, expected):
    """100.50 at 1 400.5 is 140 750.25; 1.5 and 2.5 are 2; without a rate nothing is known."""
    assert krw_of(amount, rate) == expected
