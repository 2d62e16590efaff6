"""A diagram of told probabilities against what came true."""

from typing import NamedTuple

from matplotlib.ticker import NullLocator, StrMethodFormatter

from detectors.testbed.judgement import PRODUCT
from detectors.testbed.statistics import Reliability
from streams.testbed.report import svg


class DiagramWords(NamedTuple):
    """What the axes are called: what was told, which share came true, and what is counted."""

    told: str
    came_true: str
    counted: str


def reliability_diagram(told: Reliability, words: DiagramWords) -> str:
    """The diagram as inline SVG: on the dashed line what was told came true as often as it said."""
    bins = [one for one in told.bins if one.mean is not None and one.share is not None and one.interval is not None]
    with svg.style("reliability"):
        figure = svg.new_figure(8.0, 3.6)
        axes, volumes = figure.subplots(1, 2, width_ratios=[1.2, 1])
        axes.plot([0, 1], [0, 1], color=svg.INK, alpha=0.5, linewidth=1, linestyle="--")
        paint = svg.colour(PRODUCT)
        for one in bins:
            assert one.interval is not None
            axes.vlines(one.mean, one.interval.low, one.interval.high, color=paint, linewidth=1.4)
        axes.plot([one.mean for one in bins], [one.share for one in bins], color=paint, marker="o")
        axes.set(xlabel=f"mean {words.told}", ylabel=words.came_true, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        volumes.bar(
            [(one.low + one.high) / 2 for one in told.bins],
            [one.n for one in told.bins],
            width=0.085,
            color=paint,
            alpha=0.7,
        )
        if any(one.n for one in told.bins):
            volumes.set_yscale("log")
            volumes.set_ylim(bottom=0.8)
            volumes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
            volumes.yaxis.set_minor_locator(NullLocator())
        volumes.set(xlabel=words.told, ylabel=words.counted)
        return svg.render_inline(figure, "reliability", f"Reliability diagram of the {words.told}")
