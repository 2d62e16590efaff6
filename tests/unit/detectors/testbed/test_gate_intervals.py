"""How sure the gate's figures are: each interval against one worked out resample by resample, in plain loops."""

import functools

import msgspec
import numpy as np
import pytest

from detectors.testbed import gate_evidence
from detectors.testbed.comparison import compare
from detectors.testbed.draws import Draws
from detectors.testbed.gate import Costs, GateFigures
from detectors.testbed.gate_evidence import Resampling, Version
from detectors.testbed.ground import lay_ground
from detectors.testbed.judgement import AS_SHIPPED, Settings, judge
from detectors.testbed.statistics import Difference, Interval, paired_share
from detectors.testbed.truth import Truth
from detectors.typologies import all_rules
from streams.settings import overlay_configuration
from tests.support.synthetic_result import case, payment, sheet

COSTS = Costs(cpu_us=(1.0, 2.0), state_bytes=(3.0, 4.0), bit_equal=(True, False))
HOW = Resampling(budget=2, resamples=60, seed=5)
DAYS, CASES, HONEST = 12, 36, 24
SIZES = ("small", "large", None)
# Three cases of one payment on each day; no rule looks for T99.
TRUTH = Truth(
    cases=tuple(
        case(f"{'T99' if n % 3 == 2 else 'T01'}-{n}", f"c{n:02}", [f"c{n}"], (n // 3, n // 3)) for n in range(CASES)
    )
)
NOTHING = Difference(None, None, None, 0)


class Replay:
    """A version of twelve days: three planted payments a day and those of six of 24 honest parties; all at random."""

    def __init__(self, seed: int, good: float, fires: int, member_lacks: tuple[str, ...] = ()) -> None:
        self.chance = np.random.Generator(np.random.PCG64(seed))
        self.rows = [self._row(f"c{n}", f"c{n:02}", n // 3, 0.3 + good) for n in range(CASES)]
        self.rows += [
            self._row(f"h{p}-{day}", f"h{p:02}", day, 0.3, size=SIZES[p % 3])
            for day in range(DAYS)
            for p in range(HONEST)
            if (p + day) % 4 == 0
        ]
        for row in self.rows[:fires]:
            row["fired"] = (("T01", 0.9),)
        self.rows[CASES]["score"] = 1.0  # an honest one: in the last bin, not in one beyond it
        self.rows.sort(key=lambda row: row["day"])
        self.member = {row["event_id"]: float(round(10 * row["score"])) for row in self.rows}
        self.member |= dict.fromkeys(member_lacks, np.nan)

    def _row(self, event: str, party: str, day: int, level: float, **more) -> dict:
        score = float(np.clip(level + 0.35 * self.chance.standard_normal(), 0.0, 0.999))
        raised = f"alert of {event}" if score > 0.5 else None
        return payment(event, party, day, score, usd=float(self.chance.integers(100, 9_000)), alert_id=raised, **more)

    @functools.cached_property
    def version(self) -> Version:
        """As the gate takes it."""
        return version(self.rows, {"robust_z": [self.member[row["event_id"]] for row in self.rows]}, TRUTH)

    def alerts(self) -> list[dict]:
        """Two rows of each day at most, of those that were raised: the larger amount first."""
        raised = [row for row in self.rows if row["alert_id"] is not None]
        days = [[row for row in raised if row["day"] == day] for day in range(DAYS)]
        return [row for rows in days for row in sorted(rows, key=lambda row: -row["usd"])[: HOW.budget]]


def version(rows: list[dict], members: dict[str, list[float]], truth: Truth, tables: dict | None = None) -> Version:
    """A version whose replay gave these rows and member scores; `tables` are its configuration's."""
    columns = {name: np.array(scores, np.float64) for name, scores in members.items()}
    names = {party: party for each in truth.cases for party in each.parties}
    configuration = overlay_configuration(tables or {})
    kept = {name: {} for name in members}
    detectors = msgspec.structs.replace(configuration.detectors, members=kept)
    ground = lay_ground(msgspec.structs.replace(sheet(rows), members=columns), truth, names)
    return Version(ground, msgspec.structs.replace(configuration, detectors=detectors))


CHAMPION = Replay(1, good=0.4, fires=30)
CHALLENGER = Replay(2, good=0.0, fires=3, member_lacks=("c3", "c4"))
CHAMPION.member["c4"] = np.nan


@pytest.fixture(name="told")
def figures_of_both() -> GateFigures:
    """The gate's figures of a champion that ranks well and a challenger that ranks at random."""
    return gate_evidence.figures(CHAMPION.version, CHALLENGER.version, HOW, COSTS)


def interval(samples, level: float = 0.95) -> tuple:
    """The central part of these samples, as `same` reads it."""
    tail = (1 - level) / 2
    return tuple(np.nanquantile(np.array(samples, np.float64), [tail, 1 - tail]))


def same(found: Interval, expected: tuple) -> bool:
    """Whether both ends agree to five digits: the product sums in millionths."""
    return (found.low, found.high) == pytest.approx(expected, abs=1e-5)


def test_what_two_versions_compared_tell_is_taken_over(told):
    """At the gate's budget and as shipped, on the gate's resamples; costs as they were measured."""
    a, b = (
        judge(one.version.ground, (), Settings(budgets=(2,), resamples=60, seed=5)) for one in (CHALLENGER, CHAMPION)
    )
    compared = {one.budget: one for one in compare(a, b).budgets}
    two, shipped = compared[2], compared[AS_SHIPPED]
    assert two.recall.interval.high < 0.0
    assert (told.recall, told.precision, told.usd) == (two.recall, two.precision, two.illicit_usd)
    assert (told.shipped_recall, told.shipped_usd) == (shipped.recall, shipped.illicit_usd)
    assert shipped.illicit_usd != two.illicit_usd
    raised = [sum(row["alert_id"] is not None for row in one.rows) for one in (CHAMPION, CHALLENGER)]
    assert told.shipped == tuple(raised)
    assert {one.typology: one.recall for one in told.typologies} == {
        **dict.fromkeys((one.id for one in all_rules()), NOTHING),
        **two.by_typology,
    }
    assert told.costs == COSTS
    assert told.lookalikes == NOTHING


def test_a_rules_firing_is_compared_case_by_case(told):
    """T01 fired at the first thirty payments, twenty of them T01's, and then at three; T99 has no rule."""
    found = {one.typology: one for one in told.typologies}
    places = np.arange(24)
    expected = paired_share(places < 2, places < 20, Draws(60, 5).of("cases of T01", 24))
    assert found["T01"].firing == expected
    assert found["T01"].firing != paired_share(places < 2, places < 20, Draws(60, 5).of("cases", 24))
    assert (found["T01"].fired, found["T01"].payments) == ((20, 2), (30, 3))
    assert found["T02"].firing == NOTHING
    assert [name for name, one in found.items() if one.enabled is None] == ["T99"]
    back = gate_evidence.figures(CHALLENGER.version, CHAMPION.version, HOW, COSTS)
    assert {one.typology: (one.fired, one.payments) for one in back.typologies}["T01"] == ((2, 20), (3, 30))


def test_a_members_ranking_is_resampled_by_case(told):
    """A case that only the champion scored counts as chance in the challenger; one that neither scored is left out."""

    def curve(one: Replay) -> list[float]:
        honest = [one.member[row["event_id"]] for row in one.rows if row["party"].startswith("h")]
        own = [one.member[f"c{n}"] for n in range(CASES) if n != 4]
        return [
            0.5 if np.isnan(mine) else sum((mine > other) + (mine == other) / 2 for other in honest) / len(honest)
            for mine in own
        ]

    challenger, champion = np.array(curve(CHALLENGER)), np.array(curve(CHAMPION))
    found = told.members["robust_z"]
    assert (found.a, found.b) == pytest.approx((challenger.mean(), champion.mean()))
    assert (found.n, found.differing) == (35, int((challenger != champion).sum()))
    assert found.difference == pytest.approx(challenger.mean() - champion.mean())
    counts = Draws(60, 5).of("cases scored by robust_z", 35)
    assert same(found.interval, interval(counts @ (challenger - champion) / 35))


def test_calibration_is_resampled_by_day(told):
    """In each resample the scores of its days are binned anew: gaps of two days in one bin cancel."""

    def error(one: Replay, times) -> float:
        gaps, number = np.zeros(10), 0.0
        for row in one.rows:
            place = min(int(row["score"] * 10), 9)
            gaps[place] += times[row["day"]] * (row["score"] - row["party"].startswith("c"))
            number += times[row["day"]]
        return float(np.abs(gaps).sum() / number)

    found, once = told.calibration, np.ones(DAYS)
    a, b = error(CHALLENGER, once), error(CHAMPION, once)
    assert (found.a, found.b, found.difference) == pytest.approx((a, b, a - b), abs=1e-5)
    assert (found.n, found.differing) == (12, 12)
    samples = [error(CHALLENGER, times) - error(CHAMPION, times) for times in Draws(60, 5).of("days", DAYS)]
    assert same(found.interval, interval(samples))


def test_a_calibration_of_few_days_is_held_to_no_change():
    """Five days that differ prove nothing, however far apart they lie; one day more does."""

    def moved(days: int) -> Difference:
        rows = [{**row, "score": 0.0 if row["day"] < days else row["score"]} for row in CHAMPION.rows]
        other = version(rows, {"robust_z": list(CHAMPION.member.values())}, TRUTH)
        return gate_evidence.figures(CHAMPION.version, other, HOW, COSTS).calibration

    five, many = moved(5), moved(12)
    assert (five.differing, many.differing) == (5, 12)
    assert five.interval.low <= 0.0 <= five.interval.high
    assert not many.interval.low <= 0.0 <= many.interval.high


def unevenness(one: Replay, group: str | None, times: dict[str, float]) -> float:
    """How often party-days of a size are alerted on, to all honest ones, each party counted so many times."""
    alerted, honest = {row["event_id"] for row in one.alerts()}, [row for row in one.rows if row["party"][0] == "h"]

    def rate(rows: list[dict]) -> float:
        seen = sum(times[row["party"]] for row in rows)
        return sum(times[row["party"]] for row in rows if row["event_id"] in alerted) / seen

    overall = rate(honest)
    return rate([row for row in honest if row["size"] == group]) / overall if overall else np.nan


def test_fairness_is_resampled_by_party_and_widened_for_its_groups(told):
    """Three sizes: each interval leaves out 5 / 3 % of the resamples, so that one of the three is wrong in 5 %."""
    names = [f"h{p:02}" for p in range(HONEST)]
    found = {one.group: one.ratio for one in told.fairness if one.dimension == "size"}
    assert list(found) == ["large", "small", "unknown"]
    counts = [dict(zip(names, times, strict=True)) for times in Draws(60, 5).of("honest parties", HONEST)]
    alerts = [
        {name: sum(row["party"] == name for row in one.alerts()) for name in names} for one in (CHALLENGER, CHAMPION)
    ]
    differing = sum(alerts[0][name] != alerts[1][name] for name in names)
    assert differing >= 6
    for name, ratio in found.items():
        size = None if name == "unknown" else name
        a, b = (unevenness(one, size, dict.fromkeys(names, 1.0)) for one in (CHALLENGER, CHAMPION))
        assert (ratio.a, ratio.b, ratio.difference) == pytest.approx((a, b, a - b))
        samples = [unevenness(CHALLENGER, size, times) - unevenness(CHAMPION, size, times) for times in counts]
        assert same(ratio.interval, interval(samples, 1 - 0.05 / 3))
        assert (ratio.n, ratio.differing) == (24, differing)
    assert [one.dimension for one in told.fairness] == ["party_type", *["size"] * 3, "region", "institution"]


def fairness_of(champion: Version, challenger: Version) -> dict[str, Difference]:
    """The ratio of each size."""
    told = gate_evidence.figures(champion, challenger, Resampling(budget=1, resamples=200), COSTS).fairness
    return {one.group: one.ratio for one in told if one.dimension == "size"}


ONE_CASE = Truth(cases=(case("T01-0", "c", ["c-0"], (0, 0)),))


def daily(*alerted: str, history: str = "", days: int = 14) -> Version:
    """A version that alerts on one party a day, of the case's c and of honest small s0.. and large l0.. ones."""
    parties = ["c", *(f"{size[0]}{n}" for size in ("small", "large") for n in range(7))]
    rows = [
        payment(
            f"{party}-{day}",
            party,
            day,
            0.9 if party == alerted[day % len(alerted)] else 0.1,
            size={"s": "small", "l": "large", "c": None}[party[0]],
            history=party[0] in history,
            alert_id=f"{party}-{day}" if party == alerted[day % len(alerted)] else None,
        )
        for day in range(days)
        for party in parties
    ]
    return version(rows, {"robust_z": [1.0] * len(rows)}, ONE_CASE)


@pytest.mark.parametrize(("more", "certain"), [(5, False), (6, True)])
def test_fairness_that_moved_with_a_few_parties_is_held_to_no_change(more, certain):
    """Alerts on five small firms where there was none may be luck, on six they may not, as of any figure."""
    large = tuple(f"l{n}" for n in range(7))
    champion = daily(*large, *["c"] * 7)
    told = fairness_of(champion, daily(*large, *(f"s{n}" for n in range(more)), *["c"] * (7 - more)))["small"]
    assert (told.a, told.b, told.differing) == (pytest.approx(2 * more / (7 + more)), 0.0, more)
    assert (told.interval.low > 0.0) is certain


def test_a_version_that_alerts_on_no_honest_party_has_no_ratio():
    """Nothing to compare with: neither side's figure is invented, and the other's is kept."""
    right, wrong = daily("c"), daily("s0", "l0")
    assert fairness_of(wrong, right)["small"] == Difference(None, 1.0, None, 14)
    assert fairness_of(right, wrong)["small"] == Difference(1.0, None, None, 14)
    assert fairness_of(right, right)["large"] == Difference(None, None, None, 14)


def test_a_version_to_which_every_honest_party_is_history_has_no_ratio():
    """It saw none of them on a day that counts, while the other did."""
    assert fairness_of(daily("s0", "l0"), daily("c", history="sl"))["small"] == Difference(None, 1.0, None, 14)
    assert fairness_of(daily("c", history="sl"), daily("c", history="sl")) == {}


@pytest.mark.parametrize("which", [0, 1], ids=["champion", "challenger"])
def test_a_replay_that_is_history_alone_is_refused(which):
    """No figure could be told of it, and the other version's alone would look like one of both."""
    both = [daily("c"), daily("c")]
    both[which] = daily("c", history="csl")
    with pytest.raises(ValueError, match="nothing may alert: every row of a replay is history"):
        gate_evidence.figures(*both, HOW, COSTS)


def member_of(planted: tuple[float, float], honest: float) -> Difference:
    """The member that scores the case's payments so in champion and challenger, and honest ones equally in both."""
    versions = [
        version([payment("c-0", "c", 0), payment("h-0", "h", 0)], {"robust_z": [own, honest]}, ONE_CASE)
        for own in planted
    ]
    return gate_evidence.figures(*versions, HOW, COSTS).members["robust_z"]


def test_a_member_that_puts_a_case_below_everybody_has_seen_it():
    """0 is no missing score: it is the worst that a ranking can be, in both versions or in one."""
    told = member_of((0.0, 0.0), 1.0)
    assert (told.a, told.b, told.n) == (0.0, 0.0, 1)
    told = member_of((2.0, 0.0), 1.0)
    assert (told.a, told.b, told.n) == (0.0, 1.0, 1)
    told = member_of((np.nan, 0.0), 1.0)
    assert (told.a, told.b, told.n) == (0.0, 0.5, 1)
    told = member_of((0.0, np.nan), 1.0)
    assert (told.a, told.b, told.n) == (0.5, 0.0, 1)


def test_a_ranking_needs_both_planted_and_honest_payments():
    """Without a score of either there is nothing that lies above anything."""
    assert member_of((1.0, 1.0), np.nan) == NOTHING
    assert member_of((np.nan, np.nan), 1.0) == NOTHING


def test_a_member_without_weight_does_not_count():
    """Weight 0 in the champion: it is not asked for. In the challenger: it is missing, as if it had been left out."""
    rows, scores = [payment("c-0", "c", 0), payment("h-0", "h", 0)], {"robust_z": [2.0, 1.0], "loda": [2.0, 1.0]}
    whole, mute = (version(rows, scores, ONE_CASE), version(rows, scores, ONE_CASE))
    detectors = msgspec.structs.replace(mute.configuration.detectors, weights={"loda": 0.0})
    mute = mute._replace(configuration=msgspec.structs.replace(mute.configuration, detectors=detectors))
    told = gate_evidence.figures(whole, mute, HOW, COSTS)
    assert (list(told.members), told.missing_members) == (["robust_z"], ("loda",))
    told = gate_evidence.figures(mute, whole, HOW, COSTS)
    assert (list(told.members), told.missing_members) == (["robust_z"], ())
