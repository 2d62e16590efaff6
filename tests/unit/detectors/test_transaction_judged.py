"""What is judged of a transaction: by rules, by the budget, and under which reading."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors import payment_score, payment_step, transaction
from detectors.alerting import build, evidence
from detectors.alerting.build import RULE, UNSCORED
from detectors.books import payments
from detectors.books.accounting import Effect
from detectors.books.party import Alerted, Facts
from detectors.features.view import Feature
from detectors.memory.quarantine import Flag
from detectors.ranking.ensemble import Scored
from detectors.typologies import REGISTRY
from detectors.typologies.base import Usual
from detectors.values.legal_calendar import to_us, year_bounds
from detectors.values.money import Ratio
from tests.support.ledger import START, Ledger, later, payment
from tests.support.transaction_steps import at_us_of, origin, rated, record, step_of

ALERT = SimpleNamespace(alert=SimpleNamespace(alert_id="ab" * 16, supersedes="cd" * 16))
SELECTED = SimpleNamespace(explored=False)


class Judging:
    """A step that is judged, with typologies and alerts that answer so; everything asked is written down."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        fired: int = 0,
        news: int = 0,
        reading: str | None = None,
        *,
        history: bool = False,
        **fields: Any,
    ) -> None:
        ledger = rated()
        self.step, self.worth = step_of(ledger, payment("e", later(hours=1), **fields))
        if history:
            self.step = self.step._replace(origin=msgspec.structs.replace(self.step.origin, history=True))
        self.row = payment_step.row_of(self.step, self.worth)
        payments.append(self.step.known, self.row)
        hits = [SimpleNamespace(finding=SimpleNamespace(strength=0.25 * (1 + n), reading=reading)) for n in range(news)]
        self.hits = hits
        told = {"series": "payee", "bound": False, "reading": None, "memory_us": 10**18}
        self.found = [(SimpleNamespace(id=f"T{n}"), SimpleNamespace(strength=0.5 + n, **told)) for n in range(fired)]
        self.evaluated = record(monkeypatch, build, "evaluate", self.found)
        self.news = record(monkeypatch, build, "news", hits)
        self.built = record(monkeypatch, build, "build", ALERT)
        self.chosen: Any = None
        self.offers: list[Any] = []

        def offer(step: Any, score: Any, *, again: bool) -> Any:
            self.offers.append((step, score, again))
            return self.chosen, "offered"

        monkeypatch.setattr(transaction, "_offer", offer)
        self.learned = []
        for typology in REGISTRY:
            monkeypatch.setattr(type(typology), "learn", lambda one, context: self.learned.append((one.id, context)))

    def judge(self, kind: str = "new", score: Any = None, *, second: bool = False) -> Any:
        """The judgement."""
        effect = Effect(kind, self.row, second=second)
        return transaction._judge(self.step, effect, self.worth, score or payment_score.PaymentScore())


FEATURE = Feature("amount_own", 1.0, "USD", 3.5, 2.0, 7, 4.0)
SCORED = Scored(score=0.5, rank=0.01, members={}, contributions=(), warm=True)


def test_a_rules_alert_is_built_of_everything_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is not asked; the alert, the strengths of what fired and of what is news are handed on."""
    judging = Judging(monkeypatch, fired=3, news=2, amount="1400", currency="KRW")
    score = payment_score.PaymentScore(SCORED, (FEATURE,), "person.out")
    judged = judging.judge(score=score)
    step, worth = judging.step, judging.worth
    [(case, hits, selection, offered)] = judging.built
    assert (hits, selection, judging.offers) == (judging.hits, RULE, [])
    assert [offered(rank) for rank in (0.0, 1.0)] == [False, False]
    [(context, _)] = judging.evaluated
    assert context.usual == Usual(2.0, 7, 3.5, 4.0)
    assert case == build.AlertFacts(
        step.state,
        step.configuration,
        step.event,
        step.origin,
        step.at_us,
        step.known,
        context,
        100,
        Ratio(1400, 1),
        1400,
        "person.out",
        (FEATURE,),
        SCORED,
        step.told,
        payment=judging.row.event,
    )
    assert (worth.usd, worth.own_krw) == (100, 1400)
    assert judged == (
        ALERT,
        (("T0", 0.5), ("T1", 1.5), ("T2", 2.5)),
        (0.25, 0.5),
        "person",
        (),
        Flag("ab" * 16, ruled=True),
    )
    assert judging.evaluated == [(context, step.configuration)]
    assert judging.news == [(judging.found, step.known, step.at_us)]
    assert step.known.proofs == [evidence.proof_of(step.state, step.event, step.origin)]


def test_the_alerts_won_is_of_the_event_and_not_of_an_old_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 26 hours no rate says what a dollar is in won."""
    judging = Judging(monkeypatch, fired=1, news=1)
    judging.step = judging.step._replace(at_us=judging.step.at_us + 26 * 3_600_000_000)
    judging.judge()
    assert judging.built[0][0].to_krw is None
    assert judging.built[0][0].scored is UNSCORED


def test_what_no_rule_explains_is_offered_to_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it chooses is an alert under its name; what it does not choose is none. No proof is kept."""
    judging = Judging(monkeypatch, fired=0)
    score = payment_score.PaymentScore(SCORED, (), "person.out")
    assert judging.judge(score=score).raised is None
    assert (judging.offers, judging.built) == ([(judging.step, score, False)], [])
    judging.chosen = SELECTED
    assert judging.judge(score=score).raised == ALERT
    assert judging.built[0][1:] == ([], SELECTED, "offered")
    assert judging.step.known.proofs == []


@pytest.mark.parametrize("chosen", [None, SELECTED])
def test_a_payment_raises_one_statistical_alert(monkeypatch: pytest.MonkeyPatch, chosen: Any) -> None:
    """The second bank's word is offered as another one about it, where the first one raised none."""
    judging = Judging(monkeypatch)
    judging.chosen = chosen
    score = payment_score.PaymentScore(SCORED, (), "person.out")
    judging.judge(score=score)
    assert judging.step.known.was_unusual(judging.row.event) == (chosen is not None)
    judging.judge("amended", score, second=True)
    assert judging.offers[1:] == [(judging.step, payment_score.PaymentScore() if chosen else score, True)]


def test_an_alert_by_rule_takes_no_statistical_one_from_the_second_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does an event without a payment that counts, such as a late one, make any payment one that had its alert."""
    ruled = Judging(monkeypatch, fired=1, news=1)
    ruled.judge()
    assert (len(ruled.built), ruled.step.known.unusual) == (1, b"")
    late = Judging(monkeypatch)
    late.chosen, late.row = SELECTED, None
    late.judge("late", payment_score.PaymentScore(SCORED, (), "person.out"))
    assert (len(late.built), late.step.known.unusual) == (1, b"")


def test_history_is_learned_from_and_never_alerts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fires and however odd it is: no news, no rank for the budget; what fired is remembered."""
    judging = Judging(monkeypatch, fired=2, news=2, history=True)
    judged = judging.judge(score=payment_score.PaymentScore(SCORED, (), "person.out"))
    assert judged == (None, (("T0", 0.5), ("T1", 1.5)), (), "person", (), Flag(ruled=True))
    assert judging.offers == [(judging.step, payment_score.PaymentScore(), False)]
    assert [name for name, _ in judging.learned] == [typology.id for typology in REGISTRY]
    assert len(judging.step.known.proofs) == 1


@pytest.mark.parametrize(
    ("kind", "looked", "learns"),
    [("new", True, True), ("amended", True, False), ("reversed", False, False), ("known", False, False)],
)
def test_typologies_look_at_what_counts_and_learn_what_is_new(
    monkeypatch: pytest.MonkeyPatch, kind: str, looked: bool, learns: bool
) -> None:
    """All of them learn, after the alert is built, from the context that they judged."""
    judging = Judging(monkeypatch)
    judging.judge(kind)
    assert (len(judging.evaluated), judging.offers) == (
        int(looked),
        [(judging.step, payment_score.PaymentScore(), False)],
    )
    contexts = [context for context, _ in judging.evaluated] * learns
    assert judging.learned == [(typology.id, context) for context in contexts for typology in REGISTRY]


def test_an_alert_of_another_reading_is_for_that_type(monkeypatch: pytest.MonkeyPatch) -> None:
    """The case's event and the desks' type are those under which alone its rules fire."""
    judging = Judging(monkeypatch, fired=1, news=1, reading="company")
    assert judging.judge().judged_as == "company"
    assert judging.built[0][0].event.party_type == "company"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "person"),
        ([None], "person"),
        (["company"], "company"),
        (["company", None], "person"),
        ([None, "company"], "person"),
        (["bank", "company"], "bank"),
    ],
)
def test_a_reading_counts_where_all_findings_are_disputed(found: list[str | None], expected: str) -> None:
    """One that holds as the party is judged needs no other reading; of two readings the first is told."""
    event = payment("e", later(hours=1))
    hits = [SimpleNamespace(finding=SimpleNamespace(reading=reading)) for reading in found]
    assert transaction._read_as(event, hits) == msgspec.structs.replace(event, party_type=expected)


def test_a_context_has_the_payment_as_it_counts_on_its_local_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """A settlement keeps the order's time: the day and the year are that one's, in Seoul."""
    ledger = Ledger()
    ledger.rate(START, "1400")
    terms = {"settled_currency": "KRW", "deal_rate": "1414"}
    step, worth = step_of(ledger, payment("e", later(hours=1), **terms))
    step = step._replace(readings=("company",))
    row = payment_step.row_of(step, worth)
    # 2024-12-31 15:30 in UTC is New Year's Day in Seoul
    row.time = to_us(later(days=-62, hours=14, minutes=30))
    payments.append(step.known, row)
    step.known.facts = Facts(1, None, "10000000", None, None, None, None, None, ())
    step.known.first_us, step.known.last_us = 11, 22
    monkeypatch.setattr(payment_score.folded, "folded_of", lambda party: ("folded", party))
    context = transaction._context(step, Effect("amended", row), worth, ())
    assert context is not None
    assert (str(context.day), context.year_us) == ("2025-01-01", year_bounds(2025, step.effective.zone))
    assert (context.transaction, context.payment, context.deal) == (step.event, row, worth.deal)
    assert (context.names, context.slots, context.legend) == (
        step.known.names,
        step.known.slots,
        step.configuration.legend,
    )
    assert context.rows.tobytes() == step.known.payments
    assert (context.zone, context.rulebook) == (step.effective.zone, step.effective.rulebook)
    assert context.shared is ledger.state.typologies
    assert context.usual is None
    assert (context.folded, context.readings) == (("folded", step.known), ("company",))
    assert (context.facts, context.first_us, context.last_us) == (step.known.facts, 11, 22)
    assert (context.reference("USD", "KRW"), context.reference("EUR", "KRW")) == (Ratio(1400, 1), None)
    ledger.state.give_share("BANKA", step.clock_us)
    again = transaction._context(step, Effect("new", row), worth, ())
    assert again is not None
    assert (context.sender, again.sender) == ("", "BANKA")
    assert transaction._context(step, Effect("new", None), worth, ()) is None


def test_what_came_of_a_payment_is_told_in_its_own_units() -> None:
    """Cents, basis points, strengths; the type that it was judged as, and that its sender told another."""
    ledger = rated()
    first = ledger.pay("a", later(hours=1), party_type="company", institution="BANKB")
    terms = {"settled_currency": "KRW", "deal_rate": "1414", "payment_id": "P-1"}
    second = ledger.pay("b", later(hours=2), "100", party_type="person", institution="BANKB", **terms)
    third = ledger.pay("c", later(hours=3), "100", currency="EUR", party_type="person", institution="BANKB")
    assert [(one.assessed.usd, one.assessed.deal_deviation_bp) for one in (first, second, third)] == [
        (4900_00, None),
        (100_00, 100.0),
        (None, None),
    ]
    assert [(one.judged_as, one.type_differs, one.late, one.join) for one in (first, second)] == [
        ("company", False, False, None),
        ("person", True, False, None),
    ]
    assert origin(ledger, payment("d", later(hours=4))).offset == len(ledger.log)


def test_alerts_and_joins_are_told() -> None:
    """The third piece within a day completes a split (T01); an id that comes again is counted."""
    ledger = rated()
    told = [ledger.pay(f"e{n}", later(hours=1 + n)) for n in range(3)]
    assert [len(one.alerts) for one in told] == [0, 0, 1]
    assert [hit.id for hit in told[2].alerts[0].typologies] == ["T01"]
    assert [[name for name, _ in one.assessed.fired] for one in told] == [[], [], ["T01"]]
    ids = {"payment_id": "P-1", "party": "k1.0a3.other"}
    joins = [ledger.pay(way, later(hours=5), "45000", direction=way, **ids).join for way in ("out", "in")]
    assert joins == [None, "payment.reused"]


def test_a_party_is_judged_by_what_its_bank_said_before() -> None:
    """The strictest word of the payment's own institution: a bank that called a person a company is not believed."""
    ledger = rated()
    ledger.pay("a", later(hours=1), party_type="person", institution="BANKA")
    step, _ = step_of(ledger, payment("b", later(hours=2), party_type="company", institution="BANKA"))
    assert (step.told, step.event.party_type, step.readings) == ("company", "person", ("company",))


def test_anothers_word_is_a_reading_beside_the_own_one() -> None:
    """And is no other word of this institution: it is told apart by what each said before."""
    ledger = rated()
    ledger.pay("a", later(hours=1), party_type="company", institution="BANKB")
    step, _ = step_of(ledger, payment("b", later(hours=2), party_type="person", institution="BANKA"))
    assert (step.told, step.event.party_type, step.readings) == ("person", "person", ("company",))
    assert step.origin == origin(ledger, step.event)
    ledger.pay("b", later(hours=2), party_type="person", institution="BANKA")
    for institution, word, differs in [
        ("BANKB", "company", False),
        ("BANKB", "person", True),
        ("BANKA", "person", False),
        ("BANKC", "company", True),
    ]:
        assert begun(ledger, payment("c", later(hours=3), party_type=word, institution=institution))[1] is differs
    assert begun(ledger, payment("d", later(hours=3), party="k1.0a3.new"))[1] is False


def begun(ledger: Ledger, event: Any) -> tuple[Any, bool]:
    """The step, and whether its sender tells another type than was known."""
    state = ledger.state
    assert state.effective is not None
    assert state.configuration is not None
    at_us = at_us_of(event)
    return transaction._begin(state, state.configuration, state.effective, event, origin(ledger, event), at_us)


def test_a_payment_is_flagged_that_alerts_or_adds_to_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that fires and is no news is flagged under the alert that stands."""
    judging = Judging(monkeypatch)
    judging.chosen = SELECTED
    assert judging.judge().flag == Flag("ab" * 16)
    adding = Judging(monkeypatch, fired=1)
    standing = (("T0", "payee", "1f"), ("T9", "payee", "2f"), ("T0", "other", "3f"), ("T0 bound", "payee", "4f"))
    adding.step.known.alerted = [Alerted(name, series, 1, 1, one * 16, "") for name, series, one in standing]
    assert adding.judge().flag == Flag("1f" * 16, ruled=True), "the alert of the same rule and the same series"
    adding.found[0][1].bound = True
    assert adding.judge().flag == Flag("4f" * 16, ruled=True), "a bound has an alert of its own"
    adding.found[0][1].memory_us = 0
    assert adding.judge().flag == Flag(ruled=True), "an alert that is forgotten is none"
    assert Judging(monkeypatch).judge().flag is None
