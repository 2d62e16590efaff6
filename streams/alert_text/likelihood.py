"""How many of a hundred alerts like one at hand investigators confirm, as a sentence."""

from collections.abc import Iterator
from math import ceil

from detectors.contracts.alert import Alert
from streams.alert_text.labels import Labels


def likelihood(alert: Alert, words: Labels) -> Iterator[str]:
    """The sentence; nothing where too few verdicts were given. Never "none of 100": what was not seen may still be."""
    if isinstance(alert.probability, float) and isinstance(alert.lessons, int):
        yield words.likely.format(share=max(1, ceil(alert.probability * 100 - 0.5)), verdicts=f"{alert.lessons:,}")
