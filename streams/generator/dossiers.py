"""What offices write: profiles that change in mid-stream, and verdicts on alerts (of made-up ids)."""

from datetime import datetime
from typing import Any

from streams.contracts.input_record import DISPOSITIONS, PROFILES
from streams.generator.calendar import DAY_MS, HOUR_MS
from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.population import REGIONS, Resident
from streams.generator.world import World
from streams.keys.pseudonyms import testbed_keys

# of residents; and records for one verdict
UPDATED, RECORDS_A_VERDICT = 0.02, 2_500
LEAST = 5
VERDICTS = ("refuted", "refuted", "refuted", "confirmed", "inconclusive", "duplicate", "withdrawn")
REASONS = {
    "refuted": "documents seen, payments match the contract",
    "confirmed": "statement taken, breach admitted",
    "inconclusive": "papers incomplete, followed up",
    "duplicate": "same case as an earlier alert",
    "withdrawn": "alert raised on wrong data",
}


def update_profiles(world: World, residents: list[Resident], seed: int) -> None:
    """Some residents' profiles change once: people move, firms report another year's turnover."""
    draw, calendar = Draw(seed, "profile updates"), world.calendar
    for _ in range(max(LEAST, round(len(residents) * UPDATED))):
        person = draw.pick(residents)
        if person.reserved:
            # what a planted case or look-alike says of itself stands
            continue
        day = calendar.business_day(draw.integer(min(person.founded_day + 2, calendar.days - 1), calendar.days - 1))
        if day is None:
            continue
        at_ms = calendar.moment_among(day, draw, hours.OFFICE)
        body = {**person.profile, "region": draw.pick(REGIONS)}
        if "turnover_krw" in body:
            turnover = int(int(str(body["turnover_krw"])) * draw.uniform(0.8, 1.5))
            body |= {"turnover_krw": str(turnover), "employees": max(1, turnover // 400_000_000)}
        body |= {"event_id": world.event_id(), "as_of": calendar.text(at_ms)}
        world.put(PROFILES, person.id, body, at_ms)


def decide(world: World, residents: list[Resident], *, events: int, seed: int, first_day: int) -> None:
    """Verdicts on alerts; no generator can know the ids of alerts, so they are invented.

    Confirmed are parties of planted cases only, after the case; the other verdicts are about residents who play no
    part in a case or look-alike.
    """
    draw, calendar, keys = Draw(seed, "verdicts"), world.calendar, testbed_keys()
    free = [person.id for person in residents if not person.reserved]
    ended = _ended_cases(world)
    for number in range(max(LEAST, events // RECORDS_A_VERDICT)):
        verdict = VERDICTS[number % len(VERDICTS)]
        if verdict == "confirmed":
            if not ended:
                continue
            parties, over = draw.pick(ended)
            party, day = draw.pick(parties), calendar.business_day(draw.integer(over + 1, calendar.days - 1))
        else:
            party, day = draw.pick(free), calendar.business_day(draw.integer(first_day, calendar.days - 1))
        if day is None:
            continue
        at_ms = calendar.start_ms + day * DAY_MS + draw.integer(9, 16) * HOUR_MS + draw.integer(5, 3599) * 1000
        token = keys.party(party).token
        world.put(DISPOSITIONS, token, _disposition(world, draw, token, verdict, at_ms), at_ms)


def _ended_cases(world: World) -> list[tuple[list[str], int]]:
    """Parties and last day of every planted case that is over before the stream's last day."""
    calendar = world.calendar
    cases = []
    for case in world.truth.of("case"):
        last = int(datetime.fromisoformat(case["last_event_time"]).timestamp() * 1000)
        cases.append((case["party_ids"], calendar.number(last)))
    return [(parties, day) for parties, day in cases if day < calendar.days - 1]


def _disposition(world: World, draw: Draw, token: str, verdict: str, at_ms: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "event_id": world.event_id(),
        "alert_id": f"{draw.integer(0, 2**50):016x}{draw.integer(0, 2**50):016x}",
        "party": token,
        "verdict": verdict,
        "reason": REASONS[verdict],
        "investigator": f"I-{draw.integer(1, 24):02}",
        "decided_at": world.calendar.text(at_ms),
    }
    if verdict == "confirmed":
        body |= {"amount_krw": str(draw.integer(10, 900) * 1_000_000), "sanction": draw.pick(("warning", "fine"))}
        body |= {"legal_basis": "Foreign Exchange Transactions Act art. 15", "office": draw.pick(("Seoul", "Busan"))}
    return body
