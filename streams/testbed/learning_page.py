"""What verdicts teach, as one HTML page: hit rates by order, and whether the told probability comes true."""

from collections.abc import Mapping, Sequence
from html import escape

from detectors.testbed.draws import Draws
from detectors.testbed.learning_curve import Course, Order, stages_of
from detectors.testbed.learning_gain import gains_of
from detectors.testbed.statistics import Difference, Reliability
from streams.testbed.report.reliability import DiagramWords, reliability_diagram
from streams.testbed.report.shown import NONE, percent, reliability_rows

# the order that the product's own probability gives
PRODUCT_ORDER: Order = "entity"
COLUMNS = ("probability told", "alerts", "mean", "true")
ORDER_COLUMNS = ("order", "before 200 verdicts", "from 200", "from 1000", "share then", "less the desk's")
ORDERS_READING = (
    "True alerts of those opened, by verdicts known when a day began. In brackets 95 % intervals: days are drawn "
    "again, the same ones for each order. An order that differs from the desk's on fewer than six days is not told "
    "from chance."
)
_WORDS = DiagramWords("probability told", "share true", "alerts opened")
_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24;
  background: #fff; }
table { border-collapse: collapse; margin: .5rem 0 1rem; }
th, td { text-align: right; padding: .28rem .7rem; border-bottom: 1px solid #d5dae1; }
th:first-child, td:first-child { text-align: left; }
svg.plot { display: block; width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { body { color: #e6e9ee; background: #14171b; } th, td { border-color: #343b45; } }
"""


def reading(told: Reliability) -> str:
    """How good the probabilities were, in two sentences."""
    if not told.n:
        return "The ranker told nothing: it does not speak before 20 verdicts."
    return (
        f"Of {told.n:,} opened alerts the ranker told a probability: expected calibration error {_figure(told.error)}, "
        f"Brier score {_figure(told.brier)} against what was true (0 is best; 0.25 is what 0.5 for each would have). "
        "What a bin of few alerts says is in its interval."
    )


def order_rows(courses: Mapping[Order, Course], draws: Draws) -> list[tuple[str, ...]]:
    """A row an order: counts by stage, then the last stage's share and its difference from the desk's."""
    rows = []
    for order, course in courses.items():
        counts = [f"{one.true} of {one.opened}" for one in stages_of(course, courses["desk"])]
        last = gains_of(course, courses["desk"], draws)[-1]
        rows.append((order, *counts, percent(last.precision), NONE if order == "desk" else _points(last.against_desk)))
    return rows


def _points(told: Difference) -> str:
    """A difference of shares in percentage points with its interval, such as `+2.1 (-0.3 to +4.4)`."""
    if told.difference is None:
        return NONE
    around = ""
    if told.interval is not None:
        around = f" ({100 * told.interval.low:+.1f} to {100 * told.interval.high:+.1f})"
    return f"{100 * told.difference:+.1f}{around}"


def page(reliabilities: Mapping[Order, Reliability], head: str, orders: Sequence[Sequence[str]]) -> str:
    """The page; `orders` is the table of orders, its titles first. Deterministic."""
    told = reliabilities[PRODUCT_ORDER]
    others = [(name, f"{one.n:,}", _figure(one.brier), _figure(one.error)) for name, one in reliabilities.items()]
    body = [
        "<h1>fxwatch testbed: what verdicts teach</h1>",
        f"<p>{escape(head)}</p>",
        _table(orders[0], orders[1:]),
        f"<p>{escape(ORDERS_READING)}</p>",
        "<h2>Whether the told probability comes true</h2>",
        f"<p>{escape(reading(told))}</p>",
        reliability_diagram(told, _WORDS),
        _table(COLUMNS, reliability_rows(told)),
        "<h2>The same for each order</h2>",
        _table(("order", "told", "Brier score", "calibration error"), others),
    ]
    meta = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    title = f"<title>fxwatch testbed: what verdicts teach</title><style>{_STYLE}</style>"
    inside = "\n".join(body)
    return f'<!doctype html>\n<html lang="en"><head>{meta}{title}</head><body>\n{inside}\n</body></html>\n'


def _figure(value: float | None) -> str:
    return NONE if value is None else f"{value:.3f}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f'<th scope="col">{escape(one)}</th>' for one in columns)
    lines = ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><thead><tr>{titles}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
