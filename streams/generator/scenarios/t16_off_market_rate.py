"""T16: deals far off the market rate, always on the same side, so that value moves through the price of currency.

No published scale; the rule's own limits give it: the least gap in force (150 bp today), clients of firms' size paying
10 to 40 bp otherwise.

template: a week of documented payments at 2.5 to 5.3 times the least gap. slow: the same at about twice the least gap
over 40 days. adversarial: gaps of 70 to 97 % of the least gap, against and for the firm in turn so that no mean drifts
(out at a dear rate to one partner, in at a cheap one from another), between deals at the firm's honest rate.

An investigator should find: deal against mid in bp, what other clients got at that minute, how often. Illicit value:
what the gap moved.
"""

from streams.generator.draw import Draw
from streams.generator.population import Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario
from streams.generator.world import PURPOSES, BookedPayment, World

# gap to the mid in bp: the rule's limit is 150 bp and five times the normal spread; companies here pay 10 to 40 bp
TEMPLATE_BP, SLOW_BP = (380, 800), (260, 340)
TEMPLATE_DAYS, SLOW_DAYS = 6, 40
DEALS = (2, 6)
DEAL_USD = (40_000, 400_000)
# the pack: gaps as multiples of the least gap in force
TEMPLATE_GAP, SLOW_GAP, HIDDEN_GAP = (2.55, 5.3), (1.75, 2.3), (0.7, 0.97)
ADVERSARIAL_DAYS = 60


def plant(world: World, draw: Draw, person: Resident, first_day: int, *, slow: bool) -> None:
    """Documented payments with one usual counterparty at a rate nobody else gets; due at the first of them."""
    calendar = world.calendar
    span = min(SLOW_DAYS if slow else TEMPLATE_DAYS, calendar.days - first_day)
    begin = draw.integer(first_day, max(first_day, calendar.days - span - 1))
    partner = person.counterparties[0]
    direction = "in" if person.role == "exporter" else "out"
    purpose = PURPOSES["export" if direction == "in" else "import"]
    band = SLOW_BP if slow else TEMPLATE_BP
    # the resident pays too much going out, or gives away part of what comes in
    days = [calendar.business_day(begin + draw.integer(0, span - 1)) for _ in range(draw.integer(*DEALS))]
    times = sorted(calendar.moment(begin if day is None else day, draw) for day in days)
    events, gaps = [], []
    for at_ms in times:
        usd, gap = draw.size(*DEAL_USD), draw.uniform(*band)
        gaps.append(round(gap))
        payment = BookedPayment(
            person,
            partner,
            at_ms,
            world.rates.from_usd(usd, partner.currency, at_ms),
            partner.currency,
            purpose,
            direction,
            "verified",
            "branch",
            person.institutions[0],
            gap,
            {"trade_terms": "sight", "hs_code": partner.hs_code},
        )
        events.append(world.book(payment))
    world.truth.case("T16", "slow" if slow else "template", person.id, events, events[0][0], gaps_bp=gaps)


def _one_sided(stage: Stage, days: int, gaps: tuple[float, float], deals: tuple[int, int]) -> None:
    begin = stage.window(days)
    least = stage.limit("T16", "deviation_min", begin)
    firm, draw = stage.firm(), stage.draw
    partner, direction = firm.counterparties[0], "in" if firm.role == "exporter" else "out"
    purpose, moved, paid = "export" if direction == "in" else "import", 0.0, []
    for at_ms in stage.office_times(begin, days, stage.count(*deals)):
        usd, gap = stage.size(*DEAL_USD), least * draw.uniform(*gaps)
        moved += usd * gap / 10_000
        order = Order(firm, partner, at_ms, usd, purpose, direction, stage.papers(), spread_bp=gap)
        order.more = stage.on_terms(firm, partner)
        paid.append(stage.pay(order))
    stage.finish(due=paid[0], illicit_usd=moved)


def _template(stage: Stage) -> None:
    _one_sided(stage, TEMPLATE_DAYS, TEMPLATE_GAP, DEALS)


def _slow(stage: Stage) -> None:
    _one_sided(stage, SLOW_DAYS, SLOW_GAP, (6, 9))


def _adversarial(stage: Stage) -> None:
    begin = stage.window(ADVERSARIAL_DAYS)
    least = stage.limit("T16", "deviation_min", begin)
    firm, draw, moved = stage.firm(), stage.draw, 0.0
    sides = ((firm.counterparties[0], "out", "import"), (stage.foreign(firm), "in", "export"))
    for number, at_ms in enumerate(stage.office_times(begin, ADVERSARIAL_DAYS, 2 * stage.count(5, 8))):
        partner, direction, purpose = sides[number // 2 % 2]
        usd, hidden = stage.size(*DEAL_USD) / 2, number % 2 == 0
        gap = least * draw.uniform(*HIDDEN_GAP) if hidden else None
        order = Order(firm, partner, at_ms, usd, purpose, direction, stage.papers(), spread_bp=gap)
        order.more = stage.on_terms(firm, partner)
        if gap is None:
            stage.cover(order)
        else:
            moved += usd * gap / 10_000
            stage.pay(order)
    stage.finish(illicit_usd=moved)


SCENARIO = Scenario("T16", ("deal_rate", "amount_own"), 32, _template, _slow, _adversarial)
