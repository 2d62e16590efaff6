"""A typology is one file and one registry line: one that stands in this file alone works everywhere.

It is what CONTRIBUTING.md answers with: gold exports whose proceeds come in within days. The registry line is the
fixture's, the limits are tables of a configuration.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

import msgspec
import pytest

from detectors import configuration_trial, typologies
from detectors.books.folded_payments import folded_of
from detectors.books.party import unpack
from detectors.books.payments import OUT, Rows, exact_sum, rows
from detectors.books.wanted import LookBack, OneByOne, Wanted, Which, any_amount
from detectors.contracts.alert import Alert, Measured
from detectors.contracts.events import PartyType, Transaction
from detectors.contracts.limits import LimitKind, LimitKinds
from detectors.testbed import gate_evidence
from detectors.testbed.gate import CostLimits, decide
from detectors.typologies.base import Change, Context, Finding, Past, law_test
from detectors.typologies.declared import DueDate, Said, Sanction, TrialDay, Word, Words, faults
from detectors.values.legal_calendar import DAY_US
from detectors.values.money import plain
from detectors.wording import phrases
from streams import schemas
from streams.alert_text import alert_text
from streams.contracts.inputs import RULES
from streams.errors import FxwatchError
from streams.ledger.configuration_in_force import list_switched_off
from streams.settings import overlay_configuration
from tests.support import typology_tables
from tests.support.few_rows import few_rows
from tests.support.ledger import Ledger, configuration, later
from tests.unit.detectors.testbed.test_gate_evidence import COSTS, HOW, RANKS, version
from tests.unit.detectors.testbed.test_gate_evidence import rows as payments_of_two_days
from tests.unit.streams.alert_text.test_korean_pages import latin_words

ID, GOLD = "T19", "GOLD"
PARTY = "k1.0a3.remitter"
LOOK_BACK_DAYS = 300
IN = Which("in")


class GoldExports:
    """More money for gold within the window than the limit: too much at once for what a trader can have sold."""

    id = ID
    name_en = "Gold export proceeds in one go"
    name_ko = "금 수출대금 집중 수령"
    told_apart: tuple[PartyType, ...] = ()
    limits: LimitKinds = MappingProxyType(
        {
            "gold_sum": LimitKind("USD", "1", "1000000000", ko="금 수출대금 합계 기준"),
            "gold_window": LimitKind("days", "1", "300", whole=True, ko="금 수출대금 합산 기간"),
            "gold_term": LimitKind("days", "1", "300", ko="금 수출신고 기한"),
            "growth_ratio": LimitKind("ratio", "0.01", "1000000", ko="다시 경보하는 증가 배수"),
        }
    )
    wants = Wanted(
        look_back=(LookBack(IN, LOOK_BACK_DAYS),),
        one_by_one=(OneByOne(IN, LOOK_BACK_DAYS, any_amount, tally=ID),),
        proofs=(IN,),
    )
    due_dates = (DueDate("gold_declared", "payment", "gold_term", 100),)
    words = Words(
        measured={"gold_received": Word("금 수출대금 합계"), "gold_payments": Word("금 수출대금 건수")},
        windows=((r"gold of (\d+) d", "최근 {}일"),),
        legal_basis={"Customs Act art. 241 (export declaration)": "관세법 제241조(수출신고)"},
    )
    next_steps = (Said("Ask for the export declarations", "수출신고필증을 요청하십시오"),)
    sanctions: tuple[Sanction, ...] = ()

    def evaluate(self, context: Context) -> Finding | None:
        """The sum over the window, when it is above the limit."""
        limits = [context.limit(ID, name) for name in self.limits]
        if context.payment.flags & OUT or context.names[context.payment.purpose] != GOLD or None in limits:
            return None
        most, window, _, growth = limits
        found = self._gold(context.rows, context.names, context.payment.time - int(window.number) * DAY_US)
        folded = {} if context.folded is None else context.folded.pieces_of(GOLD, ID)
        total = exact_sum(found["usd"]) + sum(cents for _, cents in folded.values())
        count = len(found) + sum(number for number, _ in folded.values())
        if total <= most.cents:
            return None
        return Finding(
            strength=0.8,
            limits=(most.shown(), window.shown()),
            measured=(
                Measured(name="gold_received", value=plain(total), unit="USD"),
                Measured(name="gold_payments", value=count, unit="count"),
            ),
            window=f"gold of {window.number} d",
            offsets=tuple(found["offset"].tolist()),
            institutions=(context.names[context.payment.institution],),
            series=GOLD,
            size=total,
            growth=growth.cents,
            memory_us=LOOK_BACK_DAYS * DAY_US,
            at_risk=total,
            value=plain(total),
            unit="USD",
            own_baseline=None,
            own_n=0,
            peer_baseline=None,
            text_en=f"{phrases.usd(total)} came in for gold ({phrases.basis(most)}).",
            text_ko=f"금 수출대금 {phrases.usd_ko(total)}가 입금되었습니다({phrases.basis_ko(most)}).",
            tests=(
                law_test("declared", "The gold was declared", "금이 수출신고됨", holds=None, missing="declarations"),
            ),
        )

    def learn(self, context: Context) -> None:
        """Nothing is kept beside rows."""

    def restate(self, past: Past) -> None:
        """Nothing is kept beside rows."""

    def standing(self, past: Past, series: str, at_us: int) -> int:
        """What stands of gold up to then."""
        found = self._gold(past.rows, past.names, 0)
        return exact_sum(found["usd"][found["time"] <= at_us])

    def changes(self, context: Context, finding: Finding) -> Sequence[Change]:
        """A dollar instead of the payment."""
        return [Change(context.with_payment(usd=100), "had a dollar come in", "1달러만 입금되었다면")]

    def trial(self, day: TrialDay) -> Iterator[tuple[str, Transaction]]:
        """One payment over the limit."""
        yield "gold", day.paid(0, "gold", day.limit("gold_sum") + 1, direction="in", purpose=GOLD)

    def _gold(self, found: Rows, names: Sequence[str], first_us: int) -> Rows:
        number = names.index(GOLD) if GOLD in names else -1
        return found[(found["flags"] & OUT == 0) & (found["purpose"] == number) & (found["time"] >= first_us)]


def limit(name: str, value: str, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "effective_from": date(2020, 1, 1), "provenance": "D"}


SUM, WINDOW = limit("gold_sum", "100000", "USD"), limit("gold_window", "300", "days")
TERM, GROWTH = limit("gold_term", "30", "days"), limit("growth_ratio", "2", "ratio")
BASIS = "Customs Act art. 241 (export declaration)"
TABLE = {"legal_basis": BASIS, "limits": [SUM, WINDOW, TERM, GROWTH]}
SHOWN = {"direction": "in", "purpose": GOLD, "evidence": "shown", "party_type": "company"}


@pytest.fixture(autouse=True)
def one_line(monkeypatch):
    """The registry line."""
    monkeypatch.setattr(typologies, "REGISTRY", (*typologies.REGISTRY, GoldExports()))


def ledger(**changes: Any) -> Ledger:
    """A ledger whose configuration has the rule."""
    return Ledger(configuration(rules={ID: TABLE | changes}, desks={"customs": {"typologies": [ID]}}))


def pay(found: Ledger, number: int, amount: str) -> list[Alert]:
    """A documented payment for gold, 100 days after the one before, and four small ones out."""
    alerts = list(found.pay(f"g{number}", later(days=100 * number), amount, **SHOWN).alerts)
    for other in range(4):
        at = later(days=100 * number, hours=other)
        found.pay(f"out{number}.{other}", at, "50", evidence="shown", party_type="company")
    return alerts


def gold(amounts: Sequence[str] = ("40000", "40000", "40000"), **changes: Any) -> tuple[Ledger, list[Alert]]:
    """Payments for gold under the rule, and its alerts."""
    found = ledger(**changes)
    alerts = [alert for number, amount in enumerate(amounts) for alert in pay(found, number, amount)]
    return found, [alert for alert in alerts if [hit.id for hit in alert.typologies] == [ID]]


def test_its_declaration_is_sound_and_part_of_the_union():
    """What it wants stands beside what the others want."""
    assert faults(typologies.registered()) == []
    every = typologies.wanted()
    assert [one.tally for one in every.one_by_one] == ["", ID]
    assert LookBack(IN, LOOK_BACK_DAYS) in every.look_back
    assert IN in every.proofs


def test_it_is_evaluated_on_rows_that_are_kept_for_it_and_shown_with_their_proofs():
    """Documented payments in, 200 days old, which are dropped after 42 days where no rule wants them."""
    found, (alert,) = gold()
    assert alert.trigger_event_id == "g2"
    assert [item.event_id for item in alert.evidence] == ["g0", "g1", "g2"]
    (hit,) = alert.typologies
    assert {one.name: one.value for one in hit.measured} == {"gold_received": "120000.00", "gold_payments": 3}
    party = unpack(found.state.parties[PARTY])
    assert [proof.event_id for proof in party.proofs if proof.event_id.startswith("g")] == ["g0", "g1", "g2"]
    assert sorted(rows(party)["usd"][rows(party)["flags"] & OUT == 0].tolist()) == [40_000_00] * 3
    assert gold(("40000", "40000", "20000"))[1] == []
    assert gold(enabled=False)[1] == []


def test_without_its_registry_line_none_of_that_is_kept(monkeypatch):
    """Its rows leave with all others, and their proofs with them; T17 wants the proof of the one that is left."""
    monkeypatch.setattr(typologies, "REGISTRY", typologies.REGISTRY[:-1])
    found = Ledger()
    none = [alert for number in range(3) for alert in pay(found, number, "40000")]
    assert [alert for alert in none if alert.typologies] == []
    party = unpack(found.state.parties[PARTY])
    assert sum(rows(party)["flags"] & OUT == 0) == 1
    assert [proof.event_id for proof in party.proofs if proof.event_id.startswith("g")] == ["g2"]


def test_its_payments_are_folded_last_and_counted_in_its_own_table():
    """The alert comes where all rows but two are folded, by the sum that is kept of them."""
    with few_rows(6, 2):
        found, alerts = gold(("30000",) * 4)
    assert [alert.trigger_event_id for alert in alerts] == ["g3"]
    kept = unpack(found.state.parties[PARTY])
    folded = folded_of(kept)
    assert folded is not None
    pieces = folded.pieces_of(GOLD, ID)
    assert sum(count for count, _ in pieces.values()) + sum(rows(kept)["usd"] == 30_000_00) == 4


def test_its_alert_is_explained_in_english_and_korean():
    """Sentence, counterfactual, and a page in Korean without a word of English."""
    _, (alert,) = gold()
    (reason,) = [one for one in alert.reasons if one.feature == ID]
    assert reason.text_en == "120,000.00 USD came in for gold (fxwatch default, in force since 2020-01-01)."
    assert "금 수출대금 미화 120,000.00달러가 입금되었습니다" in reason.text_ko
    (change,) = alert.counterfactual
    assert not change.would_alert
    assert "Had a dollar come in, T19 would not have fired" in change.change
    page = alert_text.plain(alert_text.read_alert(msgspec.json.encode(alert)), lang="ko")
    for said in (
        "금 수출대금 집중 수령",
        "금 수출대금 합계 기준",
        "금 수출대금 건수",
        "최근 300일",
        "관세법 제241조(수출신고)",
    ):
        assert said in page, said
    assert [word for word in latin_words(page) if word != GOLD] == []  # the evidence shows its purpose code


def test_its_limits_are_checked_with_their_units_before_a_configuration_is_put_in_force():
    """Missing, unknown, of another unit, out of range; and a configuration that has them is tried with its payments."""
    for limits, told in (
        ([SUM, WINDOW, TERM], "[rules.T19] limits: got: no growth_ratio"),
        ([SUM | {"name": "gold"}, SUM, WINDOW, TERM, GROWTH], "no such limit; expected: some of gold_sum"),
        ([SUM | {"unit": "KRW"}, WINDOW, TERM, GROWTH], "unit: got: 'KRW'; expected: USD"),
        ([SUM, WINDOW | {"value": "301"}, TERM, GROWTH], "got: 301; expected: a whole number, 1 to 300 days"),
    ):
        with pytest.raises(FxwatchError) as refused:
            overlay_configuration({"rules": {ID: TABLE | {"limits": limits}}})
        assert told in str(refused.value), told
    tried = [what for what, _ in configuration_trial._events(configuration(rules={ID: TABLE}))]
    assert any(what.startswith("at gold under the limits of") for what in tried)
    assert list_switched_off(configuration()) == [ID]
    assert list_switched_off(configuration(rules={ID: TABLE})) == []


def test_it_appears_in_the_schema_and_in_the_tables_of_the_documents():
    """The schema of configurations names it with its limits; the page's tables have its rows."""
    rules = schemas.generate()[RULES]["$defs"]["Configuration"]["properties"]["rules"]
    assert rules["properties"][ID]["title"] == "Gold export proceeds in one go"
    assert rules["properties"][ID]["x-limits"]["gold_window"] == {
        "unit": "days", "least": "1", "most": "300", "whole": True, "needed": True,
    }  # fmt: skip
    page = typology_tables.written(typology_tables.PAGE.read_text("utf-8"), typologies.registered())
    assert (
        "| T19 | incoming, 300 days | incoming in its band, 300 days, folded ones counted by day | incoming | "
        "`gold_declared`: `gold_term` after a payment |"
    ) in page
    assert "| T19 | `gold_window` | days, whole | 1 | 300 | the rule is silent |" in page


def test_the_testbeds_gate_asks_for_it():
    """A challenger that switches it off, or on whose stream it fires no more, is told by its name."""
    fired = payments_of_two_days([0.9, 0.8, 0.1, 0.2, 0.7, 0.3, 0.1], fired=((ID, 0.9),))
    on, off = {"rules": {ID: TABLE}}, {"rules": {ID: TABLE | {"enabled": False}}}
    told = gate_evidence.figures(version(fired, RANKS, on), version(fired, RANKS, off), HOW, COSTS)
    (figures,) = [one for one in told.typologies if one.typology == ID]
    assert figures.enabled == (True, False)
    failed = [check for check in decide(told, CostLimits()) if ID in check.name and not check.passed]
    assert [check.name for check in failed] == [f"rule {ID}"]


def test_what_it_learned_is_saved_and_loaded():
    """The digest of a state is the same after a save and a load in the middle of the log."""
    whole, _ = gold()
    again = ledger()
    for number, (event, origin) in enumerate(whole.log[1:]):
        if number == len(whole.log) // 2:
            again.state = type(again.state).thaw(list(again.state.freeze().sections()))
        again.put(event, origin)
    assert again.state.freeze().digest() == whole.state.freeze().digest()
