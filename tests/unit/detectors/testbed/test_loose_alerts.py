"""Alerts without a payment's row: their rows, what they belong to, and what an investigator opens."""

from datetime import timedelta

import numpy as np
import pytest

from detectors.testbed import loose_alerts
from detectors.testbed.figures.recall import first_alerts, named_cases
from detectors.testbed.ground import Ground, Links, lay_ground
from detectors.testbed.judgement import AS_SHIPPED, PRODUCT, Settings, System, judge
from detectors.testbed.loose_alerts import AlertSaid, LooseAlert, with_rows
from detectors.testbed.sheet import Texts
from detectors.testbed.truth import Truth
from detectors.values.legal_calendar import to_us
from tests.support.synthetic_result import EPOCH_DAY, at, case, lookalike, payment, sheet

ROWS = [
    payment("a0", "a", 0, score=0.9, usd=100),
    payment("a1", "a", 1, score=0.2, usd=200, size="small"),
    payment("b0", "b", 0, score=0.3, usd=50, institution="BANKB"),
    payment("c0", "c", 0, score=0.1, usd=70),
]
CASES = (
    case("T06-0001", "a", ["a0"], (0, 0)),
    case("T03-0002", "b", ["b0", "elsewhere"], (0, 0), party_ids=("b", "c")),
)
ALIKE = (lookalike("club", "c", ["c0", "c1"]), lookalike("firm", "d"))


def alert(name: str, day: float, party: str, events: tuple[str, ...] = (), **more: object) -> LooseAlert:
    """An alert of T06 with half the strength, unless `more` says otherwise."""
    fields: dict[str, object] = {"shared": None, "score": 0.5, "usd_cents": 7_00, "fired": (("T06", 0.5),)}
    return LooseAlert(
        alert_id=name,
        time_us=to_us(at(day)),
        day=EPOCH_DAY + int(day // 1),
        party=party,
        events=frozenset(events),
        **(fields | more),  # type: ignore[arg-type]
    )


def laid(*alerts: LooseAlert, **severities: int) -> Ground:
    """The rows and these alerts, joined with the truth."""
    said = {name: AlertSaid(severity, rule=True) for name, severity in severities.items()}
    return lay_ground(sheet(ROWS), Truth(cases=CASES, lookalikes=ALIKE), {name: name for name in "abcd"}, alerts, said)


def of(links: Links, row: int) -> list[int]:
    """The things that a row belongs to."""
    return links.thing[links.row == row].tolist()


def test_an_alerts_row() -> None:
    """Behind the payments: no place, no money that moved, not scored; what its party is, its last payment says."""
    found = with_rows(
        sheet(ROWS), [alert("x", 0.5, "a"), alert("y", 2, "a"), alert("z", -1, "b"), alert("n", 1, "new")]
    )
    assert len(found) == 8
    assert (found.partition[4:].tolist(), found.offset[4:].tolist()) == ([-1] * 4, [-1] * 4)
    assert found.event_id[4:].tolist() == ["x", "y", "z", "n"]
    assert [found.alert_id.text(row) for row in range(3, 6)] == [None, "x", "y"]
    assert [found.party.text(row) for row in range(4, 8)] == ["a", "a", "b", "new"]
    assert [found.size.text(row) for row in range(4, 8)] == [None, "small", None, None]
    assert [found.institution.text(row) for row in range(4, 8)] == ["BANKA", "BANKA", None, None]
    assert found.status.text(4) is None
    assert not found.scored[4:].any()
    assert not found.history[4:].any()
    assert np.isnan(found.rank[4:]).all()
    assert [found.fired.row(row) for row in (3, 4)] == [[], [("T06", 0.5)]]
    assert found.usd_cents[4:].tolist() == [700] * 4
    assert found.day[4:].tolist() == [EPOCH_DAY, EPOCH_DAY + 2, EPOCH_DAY - 1, EPOCH_DAY + 1]
    assert found.take(np.arange(4)).time_us.tolist() == sheet(ROWS).time_us.tolist()
    assert with_rows(found, []) is found


def test_columns_keep_their_types() -> None:
    """Rows appended change no column's type; several lists of rules stand one behind the other."""
    plain = sheet(ROWS)
    found = with_rows(plain, [alert("x", 0.5, "a"), alert("y", 2, "a", fired=(("T03", 0.4), ("T06", 0.3)))])
    for name in plain.__struct_fields__:
        before, after = getattr(plain, name), getattr(found, name)
        if isinstance(before, np.ndarray):
            assert after.dtype == before.dtype, name
        elif isinstance(before, Texts):
            assert after.codes.dtype == before.codes.dtype, name
    assert found.fired.starts.dtype == plain.fired.starts.dtype
    assert [found.fired.row(row) for row in (4, 5)] == [[("T06", 0.5)], [("T03", 0.4), ("T06", 0.3)]]
    assert None not in found.size.names


def test_members_scores_are_missing() -> None:
    """No member scored an alert."""
    plain = sheet(ROWS)
    plain.members["z"] = np.arange(4.0)
    held = with_rows(plain, [alert("x", 0, "a")]).members["z"]
    assert held[:4].tolist() == [0.0, 1.0, 2.0, 3.0]
    assert np.isnan(held[4])


def test_an_alert_shows_the_cases_of_its_evidence() -> None:
    """Whoever's party it is on; one on a party finds that party's case too, until 30 days after its last event."""
    told = laid(
        alert("shows", 90, "d", ("a0",)),
        alert("party", 30, "a"),
        alert("late", 30.00001, "a"),
        alert("before", -0.1, "b"),
        alert("begins", 0, "a"),
        alert("shared", 1, "b", ("c9",), shared="counterparty X"),
    )
    assert [of(told.events, row) for row in range(4, 10)] == [[0], [], [], [], [], []]
    assert [of(told.reach, row) for row in range(4, 10)] == [[0], [0], [], [], [0], []]
    assert told.illicit.tolist() == [True, False, True, False, True, False, False, False, False, False]
    # whose evidence it is makes nobody an offender: d is honest
    assert told.honest[4]
    assert told.moved_cents.tolist() == [10_000, 0, 5_000]


def test_evidence_of_both_sides_counts_for_the_larger() -> None:
    """As many of a case as of a look-alike: the case. A look-alike of all events: any alert on its party."""
    told = laid(
        alert("even", 1, "x", ("b0", "c0"), shared="counterparty X"),
        alert("more", 1, "x", ("b0", "c0", "c1"), shared="counterparty X"),
        alert("firm", 1, "d"),
        alert("firm and case", 1, "d", ("a0",)),
    )
    assert [of(told.events, row) for row in range(4, 8)] == [[1], [], [], [0]]
    assert [of(told.alike, row) for row in range(4, 8)] == [[], [0], [1], []]


def test_the_time_of_an_alert_is_that_of_its_find() -> None:
    """The first payment's row does not alert; the alert comes 20 days later, and its rule is the case's."""
    told = laid(alert("due", 20, "a", ("a0",)), alert("wrong rule", 10, "b", ("b0",)))
    alerts = ~told.payments
    assert first_alerts(told, alerts).tolist() == [to_us(at(20)), to_us(at(10))]
    assert named_cases(told, alerts).tolist() == [True, False]


def test_what_is_opened() -> None:
    """A party's alert is among its rows; one on something shared is opened apart, the same thing once."""
    told = laid(
        alert("due", 1, "a"),
        alert("one", 1, "a", shared="device D"),
        alert("two", 1, "b", shared="device D"),
        alert("other", 1, "b", shared="device E"),
    )
    names = len(told.sheet.party.names)
    assert told.opened.tolist()[:5] == [0, 0, 1, 2, 0]
    assert told.opened.tolist()[5:] == [names, names, names + 1]


@pytest.mark.parametrize(("budget", "found"), [(1, ["T03"]), (2, ["T03", "T06"]), (AS_SHIPPED, ["T03", "T06"])])
def test_what_was_raised_comes_before_what_was_not(budget: int | str, found: list[str]) -> None:
    """On one day a payment scores 0.9 and alerts nobody; the two alerts score less, and go first, the newer before."""
    told = laid(
        alert("due", 0.5, "a", ("a0",)),
        alert("ring", 0.6, "b", ("b0",), shared="counterparty X", score=0.4, fired=(("T03", 0.4),)),
    )
    figures = judge(told, (), Settings(budgets=(1, 2), resamples=20, lots=2)).judgement
    recall = figures.system(PRODUCT).at(budget).recall
    assert [name for name, one in recall.named_by_typology.items() if one.value == 1.0] == found
    assert (figures.stream.transactions, figures.stream.loose_alerts, figures.stream.shared_alerts) == (4, 2, 1)
    assert figures.stream.without_rule == ()
    assert figures.stream.party_days == 4


@pytest.mark.parametrize(("budget", "found"), [(1, []), (2, ["T06"])])
def test_an_alert_stands_in_the_queue_beside_its_partys_newer_one(budget: int, found: list[str]) -> None:
    """Two alerts of one party on one day: that of the rule is older, and is read where the budget is two."""
    told = laid(alert("due", 0.5, "a", ("a0",)), alert("unusual", 0.6, "a", fired=()))
    assert _named(told, budget) == found


@pytest.mark.parametrize(
    ("more", "found"),
    [({"severe": 1}, ["T06"]), ({"severe": 1, "newer": 1}, []), ({"severe": 3, "newer": 2}, ["T06"])],
    ids=["more severe", "as severe", "both severe"],
)
def test_the_most_severe_is_read_first_and_of_equal_ones_the_newest(more: dict[str, int], found: list[str]) -> None:
    """Whatever their scores: the list of a desk has this order."""
    told = laid(alert("severe", 0.5, "a", ("a0",), score=0.2), alert("newer", 0.6, "b", score=0.99, fired=()), **more)
    assert _named(told, 1) == found


def _named(told: Ground, budget: int) -> list[str]:
    figures = judge(told, (), Settings(budgets=(budget,), resamples=20, lots=0)).judgement.system(PRODUCT).at(budget)
    return [name for name, one in figures.recall.named_by_typology.items() if one.value == 1.0]


def test_chance_and_baselines_see_payments_alone() -> None:
    """Where only an alert stands on a day chance has nothing to draw; a baseline has one priority a payment."""
    told = laid(alert("due", 20, "a", ("a0",)))
    baseline = System("by hand", "One priority a payment.", np.ones(4))
    figures = judge(told, (baseline,), Settings(budgets=(5,), resamples=20, lots=3)).judgement
    assert figures.system("by hand").at(5).precision.alerts == 4
    lots = figures.as_many(AS_SHIPPED)
    assert lots is not None
    assert (lots.alerts, figures.system(PRODUCT).at(AS_SHIPPED).precision.alerts) == (0, 1)
    with pytest.raises(ValueError, match="5 priorities; expected: 4"):
        judge(told, (System("by hand", "", np.ones(5)),), Settings(budgets=(5,), resamples=20, lots=0))


def test_found_after_is_thirty_days() -> None:
    """As for payments."""
    assert timedelta(microseconds=loose_alerts.FOUND_AFTER_US) == timedelta(days=30)
