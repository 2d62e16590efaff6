"""What fires and is news, under which type of the party, and what would have changed an alert."""

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from detectors.alerting.build import RULE, Hit, evaluate, news
from detectors.books.party import Alerted
from detectors.contracts.alert import Counterfactual, Selection
from detectors.contracts.configuration import TypologyRules
from detectors.features import Feature
from detectors.ranking.ensemble import Scored
from detectors.typologies.base import Change, Finding
from tests.support.alert_case import DRAWN, build, case_of, finding, hit, never, typology
from tests.support.ledger import later, payment

# -- the party's type ----------------------------------------------------------------------------------------------


def test_a_disputed_finding_says_who_said_what():
    """Beside its own sentence, in both languages; the names are those of the institutions that said it."""
    case = case_of(context=Asked(), told="company", event=payment("e3", later(hours=2), "1234.56", party_type="person"))
    case.party.words = {"EVIL": 1, "BANKA": 4}
    (reason,) = build(case, [hit(reading="person")], RULE, never).reasons
    assert reason.text_en.startswith("Two pieces. Institutions disagree on what this party is")
    assert "calls it a company; it was called a person by EVIL." in reason.text_en
    assert reason.text_ko.startswith("분할 송금 2건입니다. 당사자의 유형에 관하여")
    assert "EVIL은 개인으로" in reason.text_ko


def test_a_type_that_differs_from_the_senders_word_is_told():
    """Judged as a person, told a bank; nothing is added where both agree."""
    case = case_of(told="bank")
    (reason,) = build(case, [hit()], RULE, never).reasons
    assert reason.text_en == (
        "Two pieces. The reporting institution calls this party a bank here; it is known as a person."
    )
    assert reason.text_ko == (
        "분할 송금 2건입니다. 보고기관은 이 거래에서 당사자를 금융기관으로 표시하였으나, "
        "이미 개인으로 확인된 당사자입니다."
    )


class Reading:
    """A context in which the party is of one type, with the other types that it may be read as."""

    def __init__(self, kind: str, readings: tuple[str, ...] = ()) -> None:
        self.kind, self.readings = kind, readings
        self.transaction = SimpleNamespace(party_type=kind)

    def read_as(self, kind: str) -> "Reading":
        return Reading(kind)


def test_a_disputed_finding_is_the_strongest_of_the_readings_and_counts_for_less(monkeypatch):
    """Six tenths of 0.77777, to four places; one that fires as the party is judged is not disputed."""
    strengths = {"person": 0.5, "bank": 0.77777}
    config = case_of().configuration

    def told(context: Reading) -> Finding | None:
        return finding(strength=strengths[context.kind]) if context.kind in strengths else None

    monkeypatch.setattr("detectors.typologies.REGISTRY", [typology("T01", told)])
    ((_, found),) = evaluate(Reading("company", ("person", "bank", "sole_trader")), config)
    assert (found.strength, found.reading) == (0.4667, "bank")
    ((_, found),) = evaluate(Reading("person", ("bank",)), config)
    assert (found.strength, found.reading) == (0.5, None)
    assert evaluate(Reading("company", ("sole_trader",)), config) == []


@pytest.mark.parametrize(
    ("told", "readings", "looked_at"),
    [
        ("company", ("person", "sole_trader", "bank"), ["company", "person", "bank"]),
        ("bank", ("person", "sole_trader", "company"), ["bank", "person", "sole_trader"]),
        ("person", ("sole_trader", "company", "bank"), ["person", "sole_trader", "bank"]),
    ],
)
def test_types_that_a_rule_treats_alike_are_looked_at_once(monkeypatch, told, readings, looked_at):
    """A rule of persons and banks: a company and a sole trader are one to it, and the stricter one is named."""
    seen: list[str] = []
    config = case_of().configuration
    monkeypatch.setattr(
        "detectors.typologies.REGISTRY",
        [
            typology("T01", lambda context: seen.append(context.kind), told_apart=("person", "bank")),
        ],
    )
    assert evaluate(Reading(told, readings), config) == []
    assert seen == looked_at


def test_a_rule_that_is_off_or_has_no_limits_keeps_no_other_from_firing(monkeypatch):
    """In the registry's order; one that is not in the configuration is passed over."""
    registry = [typology(name, finding(series=name)) for name in ("T01", "T99", "T16", "T02")]
    config = case_of().configuration
    monkeypatch.setattr("detectors.typologies.REGISTRY", registry)
    off = config.rules | {"T01": TypologyRules(enabled=False, legal_basis="x")}
    config = msgspec.structs.replace(config, rules=off)
    assert [each.id for each, _ in evaluate(Reading("person"), config)] == ["T16", "T02"]


def test_news_are_series_that_are_new_or_have_doubled():
    """At twice the last alerted size, by the finding's own growth; each with the alert that it brings up to date."""
    case = case_of()
    case.party.alerted = [
        Alerted("T01", "s", 450_000, case.at_us, "a" * 32, "c"),
        Alerted("T02", "s", 450_001, case.at_us, "b" * 32, "c"),
    ]
    found = [(typology(name), finding()) for name in ("T01", "T02", "T16")]
    shown = news(found, case.party, case.at_us)
    assert [(each.typology.id, each.superseded and each.superseded.alert_id) for each in shown] == [
        ("T01", "a" * 32),
        ("T16", None),
    ]


# -- what would have changed it ------------------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True):
    """A payment of a party of that type, with a field that a proposal may change."""

    party_type: str = "company"
    field: str = ""


TOLD = Told()


class Asked(msgspec.Struct):
    """A context of a proposal: what fires in it, and what the proposal was made from."""

    fires: tuple[str, ...] = ()
    transaction: Any = TOLD
    readings: tuple[str, ...] = ()
    kind: str = ""

    def read_as(self, kind: str) -> "Asked":
        return Asked(self.fires, Told(kind), (), kind)


@pytest.mark.parametrize(
    ("fires", "said", "said_ko", "would"),
    [
        ((), "Had it been less, T01 would not have fired", "적었다면 T01에 해당하지 않았을 것입니다", False),
        (
            ("T02", "T16"),
            "Had it been less, T01 would not have fired (T02, T16 still would)",
            "적었다면 T01에 해당하지 않았을 것입니다 (다만 T02, T16에는 여전히 해당)",
            True,
        ),
        (
            ("T01", "T16"),
            "Had it been less, T01 would still have fired",
            "적었다면 T01에 여전히 해당하였을 것입니다",
            True,
        ),
    ],
)
def test_a_proposal_says_what_would_still_have_fired(monkeypatch, fires, said, said_ko, would):
    """Asked of all typologies with the party's memory as it is before the alert."""
    registry = [
        typology(name, lambda c, name=name: finding() if name in c.fires else None) for name in ("T01", "T02", "T16")
    ]
    case = case_of(context=Asked())
    monkeypatch.setattr("detectors.typologies.REGISTRY", registry)
    proposal = Change(Asked(fires), "had it been less", "적었다면")
    alert = build(case, [hit(changes=[proposal])], RULE, never)
    assert alert.counterfactual == (Counterfactual(change=f"{said} / {said_ko}", would_alert=would),)


def test_a_proposal_that_was_alerted_before_and_has_not_grown_would_not_have_alerted(monkeypatch):
    """The other typology still finds its series, but it is no news at that time; later it is again."""
    proposal = Change(Asked(), "had it been less", "적었다면")
    cases = [case_of(context=Asked()), case_of(context=Asked())]
    monkeypatch.setattr("detectors.typologies.REGISTRY", [typology("T16", lambda context: finding(memory_us=1000))])
    for case, since, would in zip(cases, (1000, 1001), (False, True), strict=True):
        case.party.alerted = [Alerted("T16", "s", 900_000, case.at_us - since, "b" * 32, "c")]
        (change,) = build(case, [hit(changes=[proposal])], RULE, never).counterfactual
        assert change.would_alert == would


@pytest.mark.parametrize(("reading", "from_kind"), [(None, ""), ("person", "person")])
def test_a_proposal_is_made_under_the_findings_reading_and_looked_at_under_every_one(monkeypatch, reading, from_kind):
    """What a proposal changes of the payment stays; the party is the event's own, with all that it may be read as."""
    seen: list[Asked] = []
    made: list[str] = []

    def changes(context: Asked, found: Finding) -> list[Change]:
        assert found is told
        made.append(context.kind)
        changed = Asked(("T01",), Told(context.transaction.party_type, "changed"), ("lost",))
        return [Change(changed, "had it been less", "적었다면"), Change(context, "nothing changed", "그대로라면")]

    case = case_of(context=Asked((), TOLD, ("bank",)))
    monkeypatch.setattr("detectors.typologies.REGISTRY", [typology("T01", seen.append)])
    told = finding(reading=reading)
    disputed = Hit(SimpleNamespace(**vars(typology("T01")) | {"changes": changes}), told, None)
    build(case, [disputed], RULE, never)
    assert made == [from_kind]
    # each proposal is looked at as the party is judged, then as a bank
    assert [one.transaction for one in seen[::2]] == [Told("company", "changed"), TOLD]
    assert {one.readings for one in seen[::2]} == {("bank",)}


class Ranks:
    """A scorer whose rank depends on how many features are as usual; never asked to learn."""

    def __init__(self, *ranks: float | None) -> None:
        self.ranks = ranks

    def score_then_learn(self, features: tuple[Feature, ...], learn: bool = True) -> Scored:
        assert learn is False
        usual = [each.name for each in features if each.deviation == 0.0]
        assert usual == [each.name for each in features][: len(usual)]
        assert all(each.deviation in {0.0, 4.0} for each in features)
        return Scored(0.0, self.ranks[len(usual)], {}, (), warm=True)


NAMES = ("hour", "weekday", "amount_own", *(f"f{number}" for number in range(9)))


def statistical(*ranks: float | None, count: int = 3, **changes: Any) -> tuple[Counterfactual, ...]:
    """The proposals of an alert on some features; the budget takes ranks up to 0.05."""
    features = tuple(Feature(name, 1.0, "", 4.0, None, 5, None) for name in NAMES[:count])
    contributions = tuple((name, 1.0 / count) for name in NAMES[:count])
    scored = changes.pop("scored", Scored(0.99, 0.01, {}, contributions, warm=True))
    selection = changes.pop("selection", DRAWN)
    case = case_of(features=features, scored=scored)
    case.state.scorer = changes.pop("scorer", Ranks(*ranks))
    return build(case, [], selection, lambda rank: rank <= 0.05).counterfactual


@pytest.mark.parametrize(
    ("ranks", "names", "names_ko", "rank", "would"),
    [
        ((0.01, 0.2, 0.3, 0.4), "the time of day", "거래 시각", "0.2000", False),
        ((0.01, 0.05, 0.23456, 0.4), "the time of day, the weekday", "거래 시각, 거래 요일", "0.2346", False),
        (
            (0.01, 0.01, 0.02, 0.03),
            "the time of day, the weekday, the amount",
            "거래 시각, 거래 요일, 거래 금액",
            "0.0300",
            True,
        ),
    ],
)
def test_the_fewest_strongest_features_that_leave_it_unchosen_are_told(ranks, names, names_ko, rank, would):
    """Scored again with them as usual, and asked of the budget; where all are not enough that is said too."""
    assert statistical(*ranks) == (
        Counterfactual(
            change=f"Had what follows been as usual, the rank of the payment would have been p = {rank}: {names} / "
            f"다음 항목이 평소와 같았다면 거래의 순위 확률은 p = {rank} 수준이었을 것입니다: {names_ko}",
            would_alert=would,
        ),
    )


def test_a_payment_that_would_not_be_ranked_is_told_as_such():
    """No rank, no figure."""
    assert statistical(0.01, None, None, None)[0].change == (
        "Had what follows been as usual, the payment would not have been ranked: the time of day / "
        "다음 항목이 평소와 같았다면 순위가 산정되지 않았을 것입니다: 거래 시각"
    )


def test_at_most_ten_features_are_changed():
    """Of twelve that contributed."""
    (change,) = statistical(*[0.01] * 13, count=12)
    assert change.would_alert
    named = ["거래 시각", "거래 요일", "거래 금액", *(f"f{number}의 값" for number in range(7))]
    assert change.change.endswith(": " + ", ".join(named))


def test_what_was_drawn_by_lot_or_cannot_be_scored_again_has_no_proposal():
    """An explored event alerts whatever it is; without a scorer or a contribution there is nothing to change."""
    assert statistical(0.01, 0.2, 0.3, 0.4, selection=Selection(budget="anomaly", probability=0.1, explored=True)) == ()
    assert statistical(scorer=None) == ()
    assert statistical(0.01, scored=Scored(0.99, 0.01, {}, (), warm=True)) == ()
