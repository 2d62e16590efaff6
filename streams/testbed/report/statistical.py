"""What the models are worth beside the rules: their order of all payments, and the alerts that each kind raised."""

from detectors.testbed.figures.alert_kinds import DAY_OF_PAYMENTS
from detectors.testbed.figures.alert_kinds import MODELS as BY_MODELS
from detectors.testbed.figures.statistical_part import MODELS, Unit
from detectors.testbed.statistics import Difference, Estimate
from streams.testbed.judge import JudgeReport
from streams.testbed.report.shown import NONE, FigureTable, Rows, percent

NAIVE = "own_history"
"""The baseline that the models alone are judged against."""


def sentence(report: JudgeReport) -> str:
    """The models alone beside the naive baseline, and how many alerts they raised, in words."""
    told = report.judgement.statistical
    raised = report.judgement.kind(BY_MODELS)
    said = ""
    if any(one.name == NAIVE for one in told.orders) and told.illicit_payments:
        own, naive = told.order(MODELS).by_payment, told.order(NAIVE).by_payment
        said = (
            f"The models alone, rules off, have an average precision of {_points(own.average_precision)} by payment; "
            f"{NAIVE} has {_points(naive.average_precision)}"
            f"{'' if naive.models_gain is None else f', so the models are {_better(naive.models_gain)}'}. "
        )
    rate = (
        ""
        if raised.per_3000_payments is None
        else f", {raised.per_3000_payments:.1f} for every {DAY_OF_PAYMENTS:,} payments"
    )
    return (
        f"{said}They raised {raised.alerts:,} alerts of their own ({_number(raised.per_day)} a day{rate}), of which "
        f"{percent(raised.true)} fall on a case."
    )


def statistical_table(report: JudgeReport) -> FigureTable:
    """Average precision by payment and by party-day: models, members, baselines."""
    told = report.judgement.statistical
    rows: Rows = [
        (
            one.name,
            _points(one.by_payment.average_precision),
            _against(one.by_payment),
            _points(one.by_party_day.average_precision),
            _against(one.by_party_day),
        )
        for one in told.orders
    ]
    lot = [
        f"{100 * part / whole:.2g} %" if whole else NONE
        for part, whole in (
            (told.illicit_payments, told.payments),
            (told.illicit_party_days, told.party_days),
        )
    ]
    return FigureTable(
        "The statistical part alone",
        "Average precision of an order of all scored payments, in per cent: how early the events of cases stand in it, "
        f"whatever the budget. Rules are off. An order by lot has {lot[0]} ({told.illicit_payments:,} of "
        f"{told.payments:,} payments), by party-day {lot[1]}. {MODELS.capitalize()} is the rank of this version; a "
        "member is its own score before it is fused. The other columns say by how much the models are better than that "
        "order, in per cent of it, and the difference in points; cases are resampled together.",
        ("order", "by payment", "models better by", "by party-day", "models better by"),
        rows,
    )


def kinds_table(report: JudgeReport) -> FigureTable:
    """The raised alerts of rules and of models: volume, truth, look-alikes, severities."""
    rows: Rows = []
    for one in report.judgement.kinds:
        severities = ", ".join(
            f"{each.severity} {each.true} of {each.alerts}" for each in one.by_severity if each.alerts
        )
        rows.append(
            (
                one.kind,
                f"{one.alerts:,}",
                _number(one.per_day),
                _number(one.per_3000_payments),
                str(one.explored),
                percent(one.true),
                percent(one.on_parties),
                percent(one.lookalikes),
                severities or NONE,
            )
        )
    return FigureTable(
        "Alerts raised, by kind",
        "As shipped, whatever the budget of the tables above. Rules: alerts that a typology explains. Models: unusual "
        f"payments that the models alone raised, with those drawn by lot among them. For {DAY_OF_PAYMENTS:,} payments "
        "is their number for so many payments outside history, whatever the volume of this stream. True is the share "
        "on an event of a case, by party counts a case's party in its time too. The last column counts true alerts of "
        "each severity.",
        (
            "raised by",
            "alerts",
            "a day",
            f"for {DAY_OF_PAYMENTS:,} payments",
            "drawn by lot",
            "true",
            "by party",
            "look-alikes alerted",
            "true, by severity",
        ),
        rows,
    )


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.1f}"


def _points(estimate: Estimate) -> str:
    """A share in per cent with two decimals, as average precisions are small."""
    if estimate.value is None:
        return NONE
    around = estimate.interval
    told = f"{100 * estimate.value:.2f} %"
    return told if around is None else f"{told} ({100 * around.low:.2f} to {100 * around.high:.2f})"


def _better(gain: Estimate) -> str:
    """The gain in words, such as `better by 40 % (12 to 80)`; of a loss both ends are turned round."""
    if gain.value is None:
        return "not to be compared"
    worse = gain.value < 0
    around = gain.interval
    told = f"{'worse' if worse else 'better'} by {100 * abs(gain.value):.0f} %"
    if around is None:
        return told
    low, high = (-around.high, -around.low) if worse else (around.low, around.high)
    return f"{told} ({100 * low:.0f} to {100 * high:.0f})"


def _gain(gain: Estimate) -> str:
    if gain.value is None:
        return NONE
    around = gain.interval
    return f"{100 * gain.value:+.0f} %" + (
        "" if around is None else f" ({100 * around.low:+.0f} to {100 * around.high:+.0f})"
    )


def _against(unit: Unit) -> str:
    if unit.models_gain is None or unit.models_less_this is None:
        return ""
    return f"{_gain(unit.models_gain)}; {_difference(unit.models_less_this)} points"


def _difference(told: Difference) -> str:
    if told.difference is None:
        return NONE
    around = told.interval
    return f"{100 * told.difference:+.2f}" + (
        "" if around is None else f" ({100 * around.low:+.2f} to {100 * around.high:+.2f})"
    )
