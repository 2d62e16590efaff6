"""T01: one remittance split under the document line.

A person sends one sum in undocumented pieces. Published: 4,880 transfers in 3 months for USD 14.4m (about 3,000 each)
and 17,555 in 10 months for USD 5.2m (FSC 2021-11-15), rings of many remitters; one case here is one remitter of such a
ring, 3 to 14 pieces, more in a stream of more than a million records. Pieces are shares of the line in force.

template: within a working week to one beneficiary, each piece just under the line. slow: the same over most of a
month. adversarial: over ten weeks to four or five beneficiaries, pieces of 35 to 76 % of the line (outside the rule's
band), purposes and banks in turn, between honest documented payments of the same person.

An investigator should find: the pieces, their gaps, the sum against the line, remitter and purpose the same. Illicit
value: the sum of the pieces, by our own measure: since 2026 the line binds a person only once the year's cap is used
up, and a case played before that is reportable, no breach yet. The truth says which it is (`legal`), and says so again
in `note` where it is no breach.
"""

from streams.generator.draw import Draw
from streams.generator.population import BANKS, Resident, counterparty
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario
from streams.generator.world import PURPOSES, BookedPayment, World

# USD; inside the band of the default rules (0.8 to 1.0 of 5 000) whatever rate the reader uses
PIECE_USD = (4_150, 4_920)
PIECES = (3, 8)
# the third piece is the first at which n >= 3 and the sum is at least twice the line
DUE_PIECE = 3
TEMPLATE_DAYS, SLOW_DAYS = 5, 27
# the pack's pieces as shares of the line in force
BAND, OUTSIDE = (0.83, 0.985), (0.35, 0.76)
ADVERSARIAL_DAYS = 70
BREACH = "breach: the line asks for documents at once"
BEFORE_CAP = "reportable before the cap (FSC notice), no breach yet"
IN_PART = (
    "breach in part: the line asks for documents at once on some of the days, or the year's cap is used up in between"
)
NOTE = "illicit_usd is the sum of the pieces by the testbed's own measure, not what the law of the day forbids"


def plant(world: World, draw: Draw, person: Resident, first_day: int, *, slow: bool) -> None:
    """Pieces within a working week, or spread over most of a month; over two banks in half of the cases."""
    calendar = world.calendar
    span = min(SLOW_DAYS if slow else TEMPLATE_DAYS, calendar.days - first_day)
    begin = draw.integer(first_day, max(first_day, calendar.days - span - 1))
    partner = counterparty(draw, person.role, world.event_id())
    purpose = draw.pick(("gift", "living"))
    banks = [draw.pick(BANKS)] if draw.chance(0.5) else [draw.pick(BANKS), draw.pick(BANKS)]
    times = sorted(
        calendar.moment(begin + draw.integer(0, span - 1), draw, 8, 22) for _ in range(draw.integer(*PIECES))
    )
    events, total = [], 0.0
    for at_ms in times:
        usd = draw.uniform(*PIECE_USD)
        total += usd
        world.no_document_usd[person.id, calendar.date(at_ms).year] += usd
        payment = BookedPayment(
            person,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            PURPOSES[purpose],
            channel=draw.pick(("app", "web")),
            institution=draw.pick(banks),
        )
        events.append(world.book(payment))
    variant = "slow" if slow and span == SLOW_DAYS else "template"
    world.truth.case("T01", variant, person.id, events, events[DUE_PIECE - 1][0], total_usd=f"{total:.2f}")


def _standing(stage: Stage) -> dict[str, str]:
    """What the law in force on the days of the pieces says of them."""
    days = {stage.calendar.number(at_ms) for at_ms, _, _ in stage.events}
    waits = {stage.limit("T01", "line_applies_after_cap", day) > 0 for day in days}
    if waits == {False}:
        return {"legal": BREACH}
    within = stage.usd <= min(stage.limit("T02", "annual_cap", day) for day in days)
    return {"legal": BEFORE_CAP if waits == {True} and within else IN_PART, "note": NOTE}


def _in_band(stage: Stage, days: int) -> None:
    begin = stage.window(days)
    line = stage.limit("T01", "document_line", begin)
    person = stage.person()
    partner, draw = stage.foreign(person), stage.draw
    purpose = draw.pick(("gift", "living"))
    banks = [draw.pick(BANKS)] if draw.chance(0.5) else [draw.pick(BANKS), draw.pick(BANKS)]
    paid = [
        stage.pay(Order(person, partner, at_ms, line * draw.uniform(*BAND), purpose, institution=draw.pick(banks)))
        for at_ms in stage.times(begin, days, stage.count(*PIECES))
    ]
    stage.finish(due=paid[DUE_PIECE - 1])
    stage.outcome |= _standing(stage)


def _template(stage: Stage) -> None:
    _in_band(stage, TEMPLATE_DAYS)


def _slow(stage: Stage) -> None:
    _in_band(stage, SLOW_DAYS)


def _adversarial(stage: Stage) -> None:
    begin = stage.window(ADVERSARIAL_DAYS)
    line = stage.limit("T01", "document_line", begin)
    person, draw = stage.person(), stage.draw
    partners = [stage.foreign(person) for _ in range(draw.integer(4, 5))]
    banks = [*person.institutions, draw.pick(BANKS), draw.pick(BANKS)]
    for number, at_ms in enumerate(stage.times(begin, ADVERSARIAL_DAYS, stage.count(9, 14))):
        usd, purpose = line * draw.uniform(*OUTSIDE), ("gift", "living", "living")[number % 3]
        stage.pay(Order(person, partners[number % len(partners)], at_ms, usd, purpose, institution=draw.pick(banks)))
    for at_ms in stage.times(begin, ADVERSARIAL_DAYS, draw.integer(4, 7)):
        usd = line * draw.uniform(0.6, 1.8)
        stage.cover(Order(person, person.counterparties[0], at_ms, usd, "living", evidence=stage.papers()))
    stage.finish()
    stage.outcome |= _standing(stage)


SCENARIO = Scenario(
    "T01",
    ("document_line", "week_sum", "cadence", "slow_boiling", "counterparty_novelty"),
    40,
    _template,
    _slow,
    _adversarial,
    beside=("T02",),
)
