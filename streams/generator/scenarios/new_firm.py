"""A company that sets up within the year before a case, small, and new to everybody."""

from datetime import timedelta

from streams.contracts.input_record import PROFILES
from streams.generator.population import Resident
from streams.generator.scenarios.stage import Stage

# won: the least capital that shell companies are set up with
CAPITAL_KRW = (10_000_000, 25_000_000)
TURNOVER_KRW = (50_000_000, 400_000_000)
MILLION = 1_000_000
AGE_DAYS, KNOWN_DAYS = (20, 300), (1, 10)


def new_firm(stage: Stage, begin: int) -> Resident:
    """A company that trades in goods and whose profile arrives in the days before `begin`. Takes one place."""
    draw, calendar = stage.draw, stage.calendar
    day = max(0, begin - draw.integer(*KNOWN_DAYS))
    registered = calendar.start + timedelta(days=day - draw.integer(*AGE_DAYS))
    profile = {
        "registered_on": registered.isoformat(),
        "capital_krw": str(draw.integer(CAPITAL_KRW[0] // MILLION, CAPITAL_KRW[1] // MILLION) * MILLION),
        "turnover_krw": str(draw.integer(TURNOVER_KRW[0] // MILLION, TURNOVER_KRW[1] // MILLION) * MILLION),
        "size": "small",
        "employees": draw.integer(1, 4),
    }
    firm = stage.newcomer(profile, "importer")
    at_ms = calendar.moment(day, draw, 8, 9)
    body = {"event_id": stage.world.event_id(), **firm.profile, "as_of": calendar.text(at_ms)}
    stage.world.put(PROFILES, firm.id, body, at_ms)
    return firm
