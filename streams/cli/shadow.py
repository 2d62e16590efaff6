"""`fxwatch shadow`: what challengers would have alerted, beside the detector set in force."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from streams.desk.challenger_figures import Compared
    from streams.desk.kpi import HitRate

_DIGITS = Decimal("0.0001")


@click.group()
def command() -> None:
    """Compare challengers with the detector set in force, on the live stream.

    Example: fxwatch shadow compare
    """


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a challenger.")
def compare(*, as_json: bool) -> None:
    """Tell of each challenger how much it would have alerted, and what became of what the champion alerted too.

    The champion is the detector set in force. `both` are its alerts that the challenger would have raised too,
    `left out` those that it would not. A hit rate is the share confirmed of the alerts that an officer decided. What a
    challenger alone would have alerted was shown to nobody, so nothing is known of it. Rules' alerts, and what was
    drawn by lot, are left out. docs/DETECTION.md says how to read it.

    Example: fxwatch shadow compare --json
    """
    from streams.cli.desk_options import ReadingProgress, remark
    from streams.desk.challenger_figures import LEAST_DECIDED, read_figures
    from streams.plain_text import tables
    from streams.plain_text.printable import say, say_json
    from streams.settings import load_settings

    found, unreadable = read_figures(load_settings(), ReadingProgress("en"))
    if as_json:
        for one in found:
            say_json(json.dumps(_plain(one), ensure_ascii=False))
    elif not found:
        say("no challenger would have alerted anything yet")
    else:
        columns = ["challenger", "set", "since", "payments", "overlap", "alone", "champion's", "alerts", "confirmed"]
        columns += ["refuted", "hit rate", "95 % interval"]
        tables.show(columns, [row for one in found for row in _rows(one)], numeric=columns[3:6], whole=columns[:1])
        for one in found:
            if one.too_few:
                remark(
                    f"{one.challenger}: too few verdicts to tell; got: {one.both.decided} on what both alert, "
                    f"{one.left_out.decided} on what it leaves out; expected: {LEAST_DECIDED} of each"
                )
        remark("Nobody was shown what a challenger alone would have alerted, so no verdict says what that is worth.")
    if unreadable:
        remark(f"{unreadable:,} records could not be read")


def _rows(one: Compared) -> list[list[str]]:
    told = [one.challenger, one.detectors, f"{one.first:%Y-%m-%d}", f"{one.payments:,}"]
    told += [f"{one.overlap:,}", f"{one.alone:,}"]
    return [[*told, *_became(one.both)], [*([""] * len(told)), *_became(one.left_out)]]


def _became(one: HitRate) -> list[str]:
    from streams.desk_text.kpi_text import interval, percent

    counts = [f"{number:,}" for number in (one.alerts, one.confirmed, one.refuted)]
    return [one.group, *counts, percent(one.hit_rate), interval(one)]


def _plain(one: Compared) -> dict[str, Any]:
    """Everything of a challenger; shares (four digits) are decimal strings, None where there is none."""

    def became(part: HitRate) -> dict[str, Any]:
        ends = part.interval
        return {
            "alerts": part.alerts,
            "confirmed": part.confirmed,
            "refuted": part.refuted,
            "undecided": part.undecided,
            "open": part.open,
            "hit_rate": None if part.hit_rate is None else str(part.hit_rate.quantize(_DIGITS)),
            "interval": None if ends is None else [str(end.quantize(_DIGITS)) for end in ends],
        }

    return {
        "challenger": one.challenger,
        "detectors": one.detectors,
        "since": one.first.isoformat(),
        "payments": one.payments,
        "overlap": one.overlap,
        "alone": one.alone,
        "by_lot": one.by_lot,
        "both": became(one.both),
        "left_out": became(one.left_out),
        "too_few_verdicts": one.too_few,
    }
