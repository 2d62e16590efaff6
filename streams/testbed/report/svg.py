"""Figures as inline SVG: deterministic, text as text, and readable in dark and in light mode."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

# Drawn in this colour, which the page replaces by its own text colour.
INK = "#010203"
FAINT = 0.18
# Told apart by people who do not see red or green (Okabe and Ito), legible on white and on black alike.
COLOURS = {
    "fxwatch": "#2f81d6",
    "fxwatch, by expected value": "#1b4f8a",
    "fxwatch, filled up": "#7db4ea",
    "static_limits": "#d98200",
    "own_history": "#c264a0",
    "river_recipe": "#12a37b",
    "random": "#8f8f8f",
}
OTHER_COLOURS = ("#b59f00", "#7a6fd0", "#a0522d")
MARKERS = {
    "fxwatch": "o",
    "fxwatch, by expected value": "P",
    "fxwatch, filled up": "o",
    "static_limits": "s",
    "own_history": "v",
    "river_recipe": "^",
    "random": "x",
    "random, as many": "|",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 10.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
}
_PREAMBLE = re.compile(r"^.*?(?=<svg )", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>\s*", re.DOTALL)


def colour(system: str, place: int = 0) -> str:
    """A system's colour, the same in every figure."""
    return COLOURS.get(system, OTHER_COLOURS[place % len(OTHER_COLOURS)])


def marker(system: str) -> str:
    """A system's marker, the same in every figure, so that colour is not all that tells them apart."""
    return MARKERS.get(system, "D")


@contextmanager
def style(name: str) -> Iterator[None]:
    """The figures' style. `name` seeds the ids in the SVG, so that two runs give the same bytes."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": f"fxwatch {name}"}):
        yield


def render_inline(figure: Figure, name: str, label: str) -> str:
    """The figure as an `<svg>` for a page: scalable, with `label` for those who do not see it, ids of its own.

    Call it within `style(name)`. Neither date nor version of the library is in it.
    """
    target = io.StringIO()
    nothing: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(target, format="svg", transparent=True, metadata=nothing)
    text = _METADATA.sub("", _PREAMBLE.sub("", target.getvalue(), count=1))
    # ids are unique in a page of many figures, and so are references to them
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = text.replace("url(#", f"url(#{name}-")
    text = text.replace(INK, "currentColor")
    width = figure.get_size_inches()[0]
    opened = f'<svg role="img" aria-label="{label}" class="plot" style="max-width:{width * 96:.0f}px" '
    text = re.sub(r'\s(width|height)="[0-9.]+pt"', "", text, count=2)
    return text.replace("<svg ", opened, 1).strip()


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, in inches, laid out without overlaps."""
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(h_pad=0.1, w_pad=0.06))
    figure.set_facecolor("none")
    return figure
