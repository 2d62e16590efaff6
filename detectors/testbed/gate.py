"""Whether a challenger may take the champion's place: every check with its figures, its limit and one plain sentence.

Pure decisions on figures that were measured elsewhere (detectors/testbed/gate_evidence.py, and times and bytes by
streams/testbed/compare.py). A figure fails only when it fell beyond noise: when the end of its 95 % interval (paired
bootstrap, of shares of cases the exact test on pairs too) that is kindest to the challenger still lies on the wrong
side of no change; of members and calibration, of what another seed changes. A fall on too few cases to tell fails
nothing and is named as such; a rule that is switched off or fires no more fails whatever the number of cases. In every
`Difference` `a` is the challenger and `b` the champion.

One check is wrong about an equal challenger in at most one of forty comparisons; there are as many checks as figures,
so the chance that one of them all fails by luck is larger, and the report says how many there were.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from detectors.testbed.judgement import canonical_hash
from detectors.testbed.statistics import FEWEST_DIFFERING, Difference

# Cases and days are resampled, seeds are not: the trees' splits are the same for every case. Fifteen pairs of seeds on
# one stream (12 000 records, 2 partitions, 46 cases) moved the trees' own ranking by up to 0.076 (interval from 0.047)
# and the calibration error by up to 0.008 (interval from 0.005): beyond these margins it is no matter of the seed.
MEMBER_MARGIN = 0.05
# Few cases give wide intervals: a member that fell further than any seed moved it (0.076), and beyond noise, is weaker
# even where the interval's end lies within the margin. One without any spread fell by 0.12 (-0.20 to -0.04).
MEMBER_FALL = 0.08
CALIBRATION_MARGIN = 0.01
# A group of honest parties alerted on this many times as often as honest parties overall is alerted on too often; the
# four-fifths rule, turned round.
MOST_UNEVEN = 1.25
_INTERVAL = "95 % interval of the difference"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One check: `measured` and `limit` in figures, `reason` in one plain sentence.

    `timing` marks what was measured with a clock: it differs from run to run and stays out of the report's hash.
    """

    name: str
    passed: bool
    measured: dict[str, float | int | str | bool | None]
    limit: str
    reason: str
    timing: bool = False


class TypologyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One typology of both versions: cases found, and cases (and `payments`) at which its own rule fired.

    Counts are the champion's, then the challenger's. `enabled` tells of each whether the rule exists and is enabled;
    None for a typology without a rule.
    """

    typology: str
    recall: Difference
    found: tuple[int, int]
    fired: tuple[int, int]
    firing: Difference
    payments: tuple[int, int]
    enabled: tuple[bool, bool] | None


class GroupFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How often honest party-days of one group are alerted on, as a ratio to all honest party-days.

    `ratio` carries the interval that allows for the number of groups looked at.
    """

    dimension: str
    group: str
    ratio: Difference


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What running costs, champion first: CPU microseconds an event, state bytes a party; and bit-equal replays."""

    cpu_us: tuple[float, float]
    state_bytes: tuple[float, float]
    bit_equal: tuple[bool, bool]


class GateFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the gate decides on. `members` lacks those that the challenger does not have: they are `missing`.

    All figures of alerts are of alerts that were raised, at the gate's budget at most so many of a day.
    `shipped_recall` and `shipped_usd` are of all of them, `shipped` their numbers (champion's, then challenger's).
    `models_order` is the average precision of the models' own order of all payments: on most payments no alert is
    raised, and a version whose models order them worse would otherwise lose nothing that is seen.
    """

    recall: Difference
    typologies: tuple[TypologyFigures, ...]
    precision: Difference
    usd: Difference
    shipped_recall: Difference
    shipped_usd: Difference
    shipped: tuple[int, int]
    lookalikes: Difference
    models_order: Difference
    members: dict[str, Difference]
    missing_members: tuple[str, ...]
    calibration: Difference
    fairness: tuple[GroupFigures, ...]
    costs: Costs


class CostLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the challenger may cost, as ratios to the champion; 1.25 allows a quarter more."""

    latency_ratio: float = 1.25
    state_ratio: float = 1.25


def least_visible_fall(cases: int) -> int | None:
    """The fewest cases that must be lost, none being won, before the interval lies below 0; None where none would do.

    The exact test on pairs decides: six lost of six that differ, whatever the number of cases; the bootstrap, which
    must agree, does so for six lost of any number (a resample draws none of them with the probability
    (1 - 6 / cases) ** cases, at most 0.0025).

    >>> [least_visible_fall(cases) for cases in (1, 5, 6, 20, 200)]
    [None, None, 6, 6, 6]
    """
    return FEWEST_DIFFERING if cases >= FEWEST_DIFFERING else None


def decide(figures: GateFigures, limits: CostLimits) -> tuple[Check, ...]:
    """Every check, those that fail first, else in the report's order; the challenger passes when all of them do."""
    return tuple(sorted(_checks(figures, limits), key=lambda check: check.passed))


def _checks(figures: GateFigures, limits: CostLimits) -> tuple[Check, ...]:
    return (
        _fell("recall", "share of cases found", figures.recall, more=_unseen(figures.recall.n)),
        *(_typology_recall(one) for one in figures.typologies if one.recall.n),
        *(_rule(one) for one in figures.typologies if one.enabled is not None),
        _fell("precision", "share of alerts that fall on a case", figures.precision),
        _fell("illicit USD found", "worth of the cases found", figures.usd),
        *_shipped(figures),
        _rose("look-alike rate", "share of honest look-alikes alerted on", figures.lookalikes),
        _fell("models' order", "average precision of the models alone, by payment", figures.models_order),
        *(_missing_member(name) for name in figures.missing_members),
        *(_member(name, difference) for name, difference in figures.members.items()),
        _rose(
            "calibration error",
            "distance of the score from the share of illicit party-days",
            figures.calibration,
            margin=CALIBRATION_MARGIN,
        ),
        *_fairness(figures.fairness),
        *_costs(figures.costs, limits),
    )


def report_hash(report: Mapping[str, object], checks: Sequence[Check]) -> str:
    """SHA-256, hex, over the report's canonical JSON without timings; what a promotion records.

    Of a check that was timed only its name, limit and outcome count, so that a second run on a machine as fast gives
    the same hash.
    """
    told = [
        {"name": check.name, "passed": check.passed, "limit": check.limit} if check.timing else check
        for check in checks
    ]
    return canonical_hash({**report, "checks": told})


def _unseen(cases: int) -> str:
    fewest = least_visible_fall(cases)
    if fewest is None:
        return f"; with {cases:,} cases no fall could be seen, it takes {FEWEST_DIFFERING} lost cases"
    return f"; with {cases:,} cases a fall by fewer than {fewest} could not be seen"


def _shown(value: float | None) -> str:
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - from here on digits are enough


def _measured(difference: Difference) -> dict[str, float | int | str | bool | None]:
    interval = difference.interval
    return {
        "champion": difference.b,
        "challenger": difference.a,
        "difference": difference.difference,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "units": difference.n,
        "differing": difference.differing,
    }


def _between(difference: Difference) -> str:
    told = f"{_shown(difference.a)}, champion {_shown(difference.b)}"
    if difference.interval is None:
        return told
    low, high = difference.interval.low, difference.interval.high
    return f"{told}, difference {_shown(difference.difference)} (95 % {_shown(low)} to {_shown(high)})"


def _noise(
    name: str, meaning: str, difference: Difference, *, failed: bool, word: str, margin: float = 0.0, more: str = ""
) -> Check:
    if difference.a is None and difference.b is None:
        reason = f"{name} ({meaning}): there was nothing to measure it on"
    else:
        verdict = f"{word} beyond noise" if failed else _within(difference, word)
        reason = f"{name} ({meaning}): {_between(difference)}: {verdict}{'' if failed else more}"
    end = f"upper end >= {0.0 - margin:g}" if word == "fall" else f"lower end <= {margin:g}"
    seeds = ", which another seed alone may move" if margin else ""
    return Check(
        name=name, passed=not failed, measured=_measured(difference), reason=reason, limit=f"{_INTERVAL}: {end}{seeds}"
    )


def _within(difference: Difference, word: str) -> str:
    """What to say of a difference that fails nothing; a change for the worse on too few units is named."""
    change = difference.difference or 0.0
    worse = change < 0 if word == "fall" else change > 0
    if worse and difference.too_few:
        return f"{'fell' if word == 'fall' else 'rose'}, too few cases to tell ({difference.differing} differ)"
    return f"no {word} beyond noise"


def _fell(name: str, meaning: str, difference: Difference, *, margin: float = 0.0, more: str = "") -> Check:
    """More is better. Where the champion was measured and the challenger gives nothing at all, that is a fall."""
    lost = difference.a is None and difference.b is not None
    failed = lost or (difference.interval is not None and difference.interval.high < -margin)
    return _noise(name, meaning, difference, failed=failed, word="fall", margin=margin, more=more)


def _rose(name: str, meaning: str, difference: Difference, *, margin: float = 0.0) -> Check:
    """Less is better."""
    return _noise(name, meaning, difference, failed=_rises(difference, margin), word="rise", margin=margin)


def _rises(difference: Difference, margin: float = 0.0) -> bool:
    return difference.interval is not None and difference.interval.low > margin


def _shipped(figures: GateFigures) -> Iterator[Check]:
    """The alerts that were raised: what they found, and that there are any."""
    had, has = figures.shipped
    counts: dict[str, float | int | str | bool | None] = {"alerts": has, "champion_alerts": had}
    for name, found in (("recall as shipped", figures.shipped_recall), ("illicit USD as shipped", figures.shipped_usd)):
        check = _fell(name, f"of the {has:,} alerts raised, champion {had:,}", found, more=_unseen(found.n))
        yield msgspec.structs.replace(check, measured={**check.measured, **counts})
    lost = bool(had) and not has
    yield Check(
        name="alerts raised",
        passed=not lost,
        measured=counts,
        limit="a champion's challenger raises alerts",
        reason=f"{has:,} alerts were raised, champion {had:,}{': none is left' if lost else ''}",
    )


def _typology_recall(one: TypologyFigures) -> Check:
    name = f"recall of {one.typology}"
    had, has = one.found
    check = _fell(
        name, f"{has:,} of {one.recall.n:,} cases found, champion {had:,}", one.recall, more=_unseen(one.recall.n)
    )
    return msgspec.structs.replace(check, measured={**check.measured, "found": has, "champion_found": had})


def _rule(one: TypologyFigures) -> Check:
    """Whether the typology's own rule still works, told apart from whether its cases are found by something else."""
    assert one.enabled is not None
    name, (had, has) = f"rule {one.typology}", one.fired
    measured = {
        **_measured(one.firing),
        "fired": has,
        "champion_fired": had,
        "payments": one.payments[1],
        "champion_payments": one.payments[0],
        "enabled": one.enabled[1],
    }
    if one.enabled[0] and not one.enabled[1]:
        return Check(
            name=name,
            passed=False,
            measured=measured,
            limit="a rule in force stays enabled",
            reason=f"the rule {one.typology} is disabled in the challenger; in the champion it fired at "
            f"{had:,} of {one.firing.n:,} cases",
        )
    if one.payments[0] and not one.payments[1]:
        return Check(
            name=name,
            passed=False,
            measured=measured,
            limit="a rule that fired still fires",
            reason=f"the rule {one.typology} never fires any more; in the champion it fired at "
            f"{one.payments[0]:,} payments and {had:,} of {one.firing.n:,} cases",
        )
    if had and not has:
        return Check(
            name=name,
            passed=False,
            measured=measured,
            limit="a rule that fired at cases still does",
            reason=f"the rule {one.typology} fires at none of its {one.firing.n:,} cases any more; "
            f"in the champion it fired at {had:,}",
        )
    check = _fell(
        name, f"fired at {has:,} of {one.firing.n:,} cases, champion {had:,}", one.firing, more=_unseen(one.firing.n)
    )
    return msgspec.structs.replace(check, measured=measured)


def _missing_member(name: str) -> Check:
    return Check(
        name=f"member {name}",
        passed=False,
        measured={"champion": "present", "challenger": "missing"},
        limit="every member that counts in the champion counts in the challenger",
        reason=f"the member {name} is missing in the challenger, or weighs nothing there; the champion scores with it",
    )


def _member(name: str, difference: Difference) -> Check:
    meaning = "share of honest payments that its score puts below a planted one"
    deep = difference.difference is not None and difference.difference < -MEMBER_FALL
    check = _fell(f"member {name}", meaning, difference, margin=0.0 if deep else MEMBER_MARGIN)
    limit = f"{_INTERVAL}: upper end >= -{MEMBER_MARGIN:g}, or >= 0 after a fall of more than {MEMBER_FALL:g}"
    return msgspec.structs.replace(check, limit=f"{limit}, which another seed alone does not bring")


def _fairness(groups: Sequence[GroupFigures]) -> Iterator[Check]:
    """One check a dimension; a group fails when its ratio rose beyond noise and lies above `MOST_UNEVEN`."""
    for dimension in dict.fromkeys(one.dimension for one in groups):
        looked_at = [one for one in groups if one.dimension == dimension]
        worse = [
            one for one in looked_at if _rises(one.ratio) and one.ratio.a is not None and one.ratio.a > MOST_UNEVEN
        ]
        most = max(looked_at, key=lambda one: one.ratio.a or 0)
        limit = f"beyond noise and above {MOST_UNEVEN} times the overall rate"
        reason = (
            f"false alerts by {dimension} rose {limit}: "
            + "; ".join(f"{one.group}: {_between(one.ratio)}" for one in worse)
            if worse
            else f"false alerts by {dimension}: no group rose {limit}; highest: {most.group} at "
            f"{_shown(most.ratio.a)} times"
        )
        yield Check(
            name=f"fairness by {dimension}",
            passed=not worse,
            reason=reason,
            measured={one.group: one.ratio.a for one in looked_at},
            limit=f"no group rises beyond noise (interval widened for {len(looked_at)} groups) and above {MOST_UNEVEN}",
        )


def _costs(costs: Costs, limits: CostLimits) -> Iterator[Check]:
    yield _ratio("CPU time", "us an event", costs.cpu_us, limits.latency_ratio, timing=True)
    yield _ratio("state", "bytes a party", costs.state_bytes, limits.state_ratio, timing=False)
    for who, equal in zip(("champion", "challenger"), costs.bit_equal, strict=True):
        told = "gives the recorded alerts and scores bit for bit" if equal else "does NOT give what was recorded"
        yield Check(
            name=f"replay of the {who}",
            passed=equal,
            measured={"bit_equal": equal},
            limit="bit-equal",
            reason=f"a second replay of the {who}'s own ledger {told}",
        )


def _ratio(name: str, unit: str, values: tuple[float, float], limit: float, *, timing: bool) -> Check:
    champion, challenger = values
    ratio = challenger / champion if champion > 0 else float("inf") if challenger > 0 else 1.0
    passed = ratio <= limit
    return Check(
        name=name,
        passed=passed,
        timing=timing,
        limit=f"ratio <= {limit:g}",
        measured={"champion": champion, "challenger": challenger, "ratio": ratio},
        reason=f"{name}: {_shown(challenger)} {unit}, champion {_shown(champion)}: {ratio:.2f} times, "
        f"{'within' if passed else 'beyond'} the limit of {limit:g}",
    )
