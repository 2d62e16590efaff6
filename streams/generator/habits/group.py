"""What firms of one group and agents do with the reports that the law asks for: netting and third-party payments."""

from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.trade import MOST_PLACES, contract, named, pay, ship, trade
from streams.generator.habits.transfer import transfer
from streams.generator.population import Counterparty, Resident
from streams.generator.world import PURPOSES, BookedPayment, World

NETTED, REPORTED_THIRD = 0.35, 0.6
NET_DAYS = (5, 20)


def intra_group(world: World, resident: Resident, day: int) -> None:
    """Trade both ways with affiliates named in the profile; at times both claims are netted and reported."""
    draw = world.stream("intra_group")
    weekday = world.calendar.business_day(day)
    if weekday is None or world.room < MOST_PLACES or not draw.chance(NETTED):
        trade(world, resident, day)
        return
    netted(world, draw, resident, resident.counterparties[0], weekday)


def netted(world: World, draw: Draw, resident: Resident, partner: Counterparty, day: int) -> list[str]:
    """Goods both ways, declared; then one payment of the difference with an offset report. Places: up to 16."""
    usd = resident.usual_usd * draw.spread(0.5, 2.0)
    bought = contract(world, resident, partner, "import", usd, day)
    sold = contract(world, resident, partner, "export", usd * draw.uniform(0.4, 1.6), day)
    for deal in (bought, sold):
        ship(world, draw, deal, deal.amount, day)
    paid = world.calendar.business_day(day + draw.integer(*NET_DAYS))
    if paid is None:
        return []
    net = bought if bought.amount > sold.amount else sold
    report = f"OFF-{world.calendar.start.year}-{world.event_id()}"
    more: dict[str, object] = {"trade_terms": "open_account", "report_no": report, "report_type": "offset"}
    pay(world, draw, net, abs(bought.amount - sold.amount) + 1, paid, more)
    return [report]


def commission_agent(world: World, resident: Resident, day: int) -> None:
    """Goods bought from a maker and paid, by contract and with a report, to somebody else; else trade as usual."""
    draw = world.stream("commission_agent")
    weekday = world.calendar.business_day(day)
    if weekday is None or world.room < MOST_PLACES or not draw.chance(REPORTED_THIRD):
        trade(world, resident, day)
        return
    paid_to_third(world, draw, resident, weekday)


def paid_to_third(world: World, draw: Draw, resident: Resident, day: int) -> None:
    """Declared with the maker, paid to the payee that the report names, the maker as the contract's party."""
    maker, payee = resident.counterparties[0], resident.counterparties[1]
    deal = contract(world, resident, maker, "import", resident.usual_usd * draw.spread(0.25, 2.0), day)
    number = ship(world, draw, deal, deal.amount, day)
    paid = world.calendar.business_day(day + draw.integer(0, 6))
    if paid is None:
        return
    report = f"3P-{world.calendar.start.year}-{world.event_id()}"
    at_ms = world.calendar.moment_among(paid, draw, hours.FIRM)
    payment = BookedPayment(
        resident, payee, at_ms, deal.amount, maker.currency, PURPOSES["import"], "out", "verified", "web"
    )
    payment.more = {
        "contract_counterparty_id": maker.id,
        "report_no": report,
        "report_type": "third_party",
        "hs_code": maker.hs_code,
        **named(draw, "sight", number),
    }
    transfer(world, draw, payment, None, f"invoice {draw.integer(1000, 9999)}")
