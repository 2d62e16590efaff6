"""A history search for people: a table in Markdown, and an HTML page with a plot."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from jinja2 import Environment, StrictUndefined

from streams.plain_text.printable import finalize
from streams.testbed.blind_page import shorten
from streams.testbed.report import svg
from streams.testbed.report.verdict import MUCH_COLD

_MOST_LINES = 8
_EPOCH = date(1970, 1, 1)

_HTML = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>History search</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid #8886; vertical-align: top; }
svg.plot { width: 100%; height: auto; }
.wide { overflow-x: auto; }
</style>
<h1>History search</h1>
<p>{{ told }}</p>
{{ plot | safe }}
<div class="wide"><table><thead><tr>{% for name in columns %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>
<h2>Alerts that changed</h2>
<ul>{% for line in changes %}<li>{{ line }}</li>
{% endfor %}</ul>
</html>
"""


def columns(report: Mapping[str, Any]) -> list[str]:
    """The table's columns."""
    judged = ["precision", "recall", "illicit USD found"] if report["truth"] else []
    return [*report["vary"], "alerts", "a day", "USD at risk", "by typology", "new", "gone", "altered", *judged]


def rows(report: Mapping[str, Any]) -> list[list[str]]:
    """The table's rows; the first is what was recorded."""
    first = {**report["recorded"], "values": dict.fromkeys(report["vary"], "as recorded")}
    return [_row(one, report) for one in (first, *report["rows"])]


def _row(one: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    against = one["against"]
    kinds = ", ".join(f"{name} {count:,}" for name, count in one["by_typology"].items()) or "none"
    told = [
        f"{one['alerts']:,}",
        _number(one["alerts_per_day"], ".1f"),
        f"{one['usd']:,.0f}",
        kinds,
        f"{one['new']:,}",
        f"{one['gone']:,}",
        f"{one['altered']:,}",
    ]
    if against is not None:
        told += [
            _number(against["precision"], ".3f"),
            _number(against["recall"], ".3f"),
            f"{against['illicit_usd']:,.0f}",
        ]
    return [*(one["values"][path] for path in report["vary"]), *told]


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else f"{value:{form}}"


def introduction(report: Mapping[str, Any]) -> str:
    """What was varied, and which entry of a dated limit."""
    dated = "; ".join(
        f"{path}: the entry in force on {report['first_day']} (since {entry['effective_from']}, "
        f"value {entry['value']} {entry['unit']})"
        for path, entry in report["limits_changed"].items()
    )
    head = f"The recorded ledger, replayed under {len(report['rows']):,} configurations."
    if report["configurations"] > 1:
        head += (
            f" It holds {report['configurations']:,} configurations: each was varied at its own place, and the "
            "entries named here are those of the last."
        )
    if (report["cold_share"] or 0.0) >= MUCH_COLD:
        head += (
            f" For {report['cold_share']:.0%} of the judged payments the models as recorded had no calibrated "
            "score yet (fewer than warm_up events learned): what is varied of members, weights and the daily "
            "budget shows little there."
        )
    return f"{head} Limits are dated; changed was {dated}." if dated else head


def changes(report: Mapping[str, Any]) -> list[str]:
    """For each combination the alerts that are new or gone, the highest scores first."""
    lines = []
    for one in report["rows"]:
        told = ", ".join(f"{path}={value}" for path, value in one["values"].items())
        for kind in ("new", "gone"):
            shown = "; ".join(_example(each) for each in one[f"{kind}_examples"])
            if shown:
                lines.append(f"{told}: {one[kind]:,} {kind}, such as {shown}")
    return lines


def _example(raised: Mapping[str, Any]) -> str:
    day = _EPOCH + timedelta(days=raised["day"])
    what = "+".join(raised["typologies"]) or "anomaly"
    usd = "no rate" if raised["usd"] is None else f"{raised['usd']:,.0f} USD"
    return f"{what} of {shorten(raised['party'])} on {day.isoformat()} ({usd}, event {raised['event_id']})"


def markdown(report: Mapping[str, Any]) -> str:
    """The table as Markdown."""
    names = columns(report)
    table = [_line(names), _line("---" for _ in names), *(_line(row) for row in rows(report))]
    listed = [f"- {line}" for line in changes(report)] or ["- none"]
    return (
        "\n".join(("# History search", "", introduction(report), "", *table, "", "## Alerts that changed", "", *listed))
        + "\n"
    )


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def html(report: Mapping[str, Any]) -> str:
    """The page, with its plot inline. Deterministic. Cost: 1 s."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, finalize=finalize)
    return environment.from_string(_HTML).render(
        told=introduction(report),
        columns=columns(report),
        rows=rows(report),
        changes=changes(report),
        plot=plot(report),
    )


def plot(report: Mapping[str, Any]) -> str:
    """Alerts a day, and recall and precision where there is truth, over the first path; a line for each of the others.

    At most eight lines are drawn, the first of the grid; the table holds all.
    """
    first, *others = report["vary"]
    ticks = report["vary"][first]
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for one in report["rows"]:
        lines.setdefault(", ".join(f"{path}={one['values'][path]}" for path in others), []).append(one)
    panels = ["alerts a day", *(("recall", "precision") if report["truth"] else ())]
    with svg.style("search"):
        figure = svg.new_figure(11.0, 3.4)
        for place, title in enumerate(panels, 1):
            axes = figure.add_subplot(1, len(panels), place)
            told = [(name, [_figure(one, title) for one in found]) for name, found in lines.items()]
            _draw(axes, title, first, ticks, told)
            if title == "alerts a day" and report["recorded"]["alerts_per_day"] is not None:
                axes.axhline(report["recorded"]["alerts_per_day"], linestyle=":", color=svg.INK, label="as recorded")
            if place == 1 and (others or report["recorded"]["alerts_per_day"] is not None):
                axes.legend(fontsize=8)
        return svg.render_inline(figure, "search", f"what changes with {first}")


def _figure(one: Mapping[str, Any], title: str) -> float | None:
    found: float | None = one["alerts_per_day"] if title == "alerts a day" else one["against"][title]
    return found


def _draw(
    axes: Any, title: str, path: str, ticks: Sequence[str], lines: Sequence[tuple[str, Sequence[float | None]]]
) -> None:
    colours = (*svg.COLOURS.values(), *svg.OTHER_COLOURS)
    for number, (name, values) in enumerate(lines[:_MOST_LINES]):
        heights = [float("nan") if value is None else value for value in values]
        axes.plot(
            range(len(ticks)),
            heights,
            marker="osv^Dx+*"[number],
            color=colours[number % len(colours)],
            label=name or None,
        )
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(path)
    axes.set_title(title)
