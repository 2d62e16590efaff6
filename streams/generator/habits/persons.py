"""What persons do: send support, live abroad, pay tuition in its season, earn from abroad, invest a little."""

from streams.generator.draw import Draw
from streams.generator.habits import hours
from streams.generator.habits.transfer import known_partner, transfer
from streams.generator.pools import Pools
from streams.generator.population import SMALL_REMITTERS, Counterparty, Resident
from streams.generator.world import MORE_PURPOSES, PURPOSES, BookedPayment, World

# months in which tuition is paid -> the term, and the share of payments that are tuition until it is paid
TERMS = {1: ("spring", 0.15), 2: ("spring", 0.8), 7: ("autumn", 0.15), 8: ("autumn", 0.8)}
# shares of payments
SALARY_SHARE, SECURITIES_SHARE = 0.12, 0.03
# of what those who live on small remitters do: money from home, and their own living abroad instead of support
INWARD_SHARE, LIVING_SHARE = 0.06, 0.18
# of transfers: with papers though nobody asks for them, and much larger than usual (a wedding, a hospital, a deposit)
PAPERS_ANYHOW, LARGER_SHARE, LARGER = 0.06, 0.03, (2.0, 5.0)
TUITION_USD = (5_500, 22_000)
CHANNELS = ("app", "app", "app", "web", "branch")


def _at(world: World, draw: Draw, day: int, channel: str) -> int:
    return world.calendar.moment_among(day, draw, hours.OFFICE if channel == "branch" else hours.PHONE)


def _usual(draw: Draw, resident: Resident) -> float:
    return resident.usual_usd * draw.uniform(0.6, 1.5)


def send(
    world: World,
    draw: Draw,
    resident: Resident,
    day: int,
    purpose: str,
    text: str = "",
    partner: Counterparty | None = None,
) -> None:
    """A usual transfer by app, web or (when open) branch, with the documents that the law of the day asks for."""
    partner = partner or known_partner(draw, resident)
    channel = draw.pick(CHANNELS) if world.calendar.business[day] else "app"
    payment = BookedPayment(resident, partner, _at(world, draw, day, channel), 0.0, partner.currency, PURPOSES[purpose])
    payment.evidence, payment.channel = _papers(draw) if draw.chance(PAPERS_ANYHOW) else "", channel
    usd = _usual(draw, resident)
    if draw.chance(LARGER_SHARE) and not any(name in SMALL_REMITTERS for name in resident.institutions):
        # a small remitter takes nothing as large
        usd *= draw.uniform(*LARGER)
    transfer(world, draw, payment, usd, text)


def receive(world: World, draw: Draw, resident: Resident, day: int, purpose: str) -> None:
    """Wages or a gift from abroad."""
    partner = known_partner(draw, resident)
    channel = draw.pick(CHANNELS) if world.calendar.business[day] else "app"
    payment = BookedPayment(
        resident, partner, _at(world, draw, day, channel), 0.0, partner.currency, PURPOSES[purpose], "in", "", channel
    )
    transfer(world, draw, payment, _usual(draw, resident), "salary" if purpose == "salary" else "family support")


def _papers(draw: Draw) -> str:
    return "verified" if draw.chance(0.2) else "shown"


def salaried(world: World, resident: Resident, day: int) -> None:
    """Gifts and living expenses of relatives; a salary or fee from abroad; seldom securities, with papers."""
    draw = world.stream("salaried")
    chance = draw.random()
    if chance < SALARY_SHARE:
        receive(world, draw, resident, day, draw.pick(("salary", "salary", "salary", "gift")))
    elif chance < SALARY_SHARE + SECURITIES_SHARE and world.calendar.business[day]:
        partner = known_partner(draw, resident)
        payment = BookedPayment(
            resident, partner, _at(world, draw, day, "web"), 0.0, partner.currency, MORE_PURPOSES["securities"]
        )
        payment.evidence = "verified"
        transfer(world, draw, payment, _usual(draw, resident) * 2)
    else:
        purpose = draw.pick(("gift", "living", "living"))
        send(world, draw, resident, day, purpose, "family support" if purpose == "gift" else "living expenses")


def parent(world: World, resident: Resident, day: int) -> None:
    """Tuition once a term to a university, invoice shown; between terms living expenses of the child."""
    draw = world.stream("parent")
    date = world.calendar.date(world.calendar.start_ms + day * 86_400_000)
    term, share = TERMS.get(date.month, ("", 0.0))
    paid = f"{date.year} {term}"
    if term and resident.memory.get("term") != paid and draw.chance(share):
        resident.memory["term"] = paid
        pools: Pools = world.pools
        university = pools.near(draw, pools.universities, resident.counterparties[0].country)
        channel = draw.pick(("branch", "branch", "web", "app")) if world.calendar.business[day] else "app"
        payment = BookedPayment(
            resident, university, _at(world, draw, day, channel), 0.0, university.currency, PURPOSES["study"]
        )
        payment.evidence, payment.channel = draw.pick(("shown", "verified")), channel
        transfer(world, draw, payment, draw.spread(*TUITION_USD), f"tuition {paid}")
    else:
        send(world, draw, resident, day, "living", "living expenses")


def migrant(world: World, resident: Resident, day: int) -> None:
    """Support for the family at home out of wages; at times living expenses, or money from home."""
    _small(world, world.stream("migrant"), resident, day)


def small_user(world: World, resident: Resident, day: int) -> None:
    """Small transfers through a small remitter, at times in instead of out."""
    _small(world, world.stream("small_user"), resident, day)


def _small(world: World, draw: Draw, resident: Resident, day: int) -> None:
    chance = draw.random()
    if chance < INWARD_SHARE:
        receive(world, draw, resident, day, draw.pick(("salary", "salary", "gift")))
    elif chance < INWARD_SHARE + LIVING_SHARE:
        send(world, draw, resident, day, "living", "living expenses")
    else:
        send(world, draw, resident, day, "gift", "family support")


def freelancer(world: World, resident: Resident, day: int) -> None:
    """Fees from platforms and clients abroad; at times a subscription or a subcontractor paid there."""
    draw = world.stream("freelancer")
    if draw.chance(0.08):
        send(world, draw, resident, day, "service", "service fee")
        return
    partner = known_partner(draw, resident)
    payment = BookedPayment(
        resident, partner, _at(world, draw, day, "app"), 0.0, partner.currency, PURPOSES["service"], "in"
    )
    payment.evidence, payment.channel = draw.pick(("exempt", "exempt", "shown")), draw.pick(("app", "web"))
    transfer(world, draw, payment, _usual(draw, resident), "service fee")


def crypto_user(world: World, resident: Resident, day: int) -> None:
    """Ordinary transfers of somebody who also trades crypto-assets at home, as the bank sees and reports."""
    draw = world.stream("crypto_user")
    partner = known_partner(draw, resident)
    channel = draw.pick(("app", "app", "web"))
    payment = BookedPayment(
        resident, partner, _at(world, draw, day, channel), 0.0, partner.currency, PURPOSES["living"]
    )
    usd = _usual(draw, resident)
    linked = draw.spread(100_000, 3_000_000) if draw.chance(0.3) else 0.0
    payment.evidence, payment.channel = "", channel
    payment.more = {"exchange_linked_inflow_24h": f"{linked:.0f}"}
    transfer(world, draw, payment, usd, "living expenses")
