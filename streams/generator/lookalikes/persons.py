"""Persons who come close to a rule and are honest: documents, reports, or sums that stay below what the law allows."""

from streams.generator.habits.property import purchase
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.population import SMALL_REMITTERS
from streams.generator.world import PURPOSES

PERSONS = ("salaried", "parent", "migrant", "crypto_user")
MONTH_DAYS = 30
# shares of the document line and of the annual cap
RENT, INSTALMENT, BELOW_LINE, NEAR_CAP = (0.84, 0.98), (0.84, 0.98), (0.4, 0.7), (0.8, 0.92)
MOST_PIECES = 70
DONORS = 9
DONATION_USD = (900, 3_000)


def _rent(scene: Scene) -> None:
    """T01: a monthly rent just under the line; the bank holds the lease."""
    landlord = scene.stranger(scene.main)
    landlord.currency = "USD"
    begin = scene.draw.integer(scene.first_day, scene.first_day + 4)
    usd = round(scene.limits(begin).document_line * scene.draw.uniform(*RENT) / 50) * 50.0
    for day in range(begin, scene.days, MONTH_DAYS):
        # a standing order that falls on a weekend is carried out on the next business day
        due = scene.world.calendar.open_day_near(day)
        scene.pay(scene.main, landlord, due, usd, PURPOSES["living"], evidence="shown")


def _instalments(scene: Scene) -> None:
    """T01: a term's tuition in equal pieces under the line within two weeks, the invoice shown each time."""
    school = scene.world.pools.near(scene.draw, scene.world.pools.universities, "US")
    begin = scene.begin(15)
    usd = round(scene.limits(begin).document_line * scene.draw.uniform(*INSTALMENT) / 10) * 10.0
    for step in range(scene.draw.integer(3, 4)):
        day = scene.world.calendar.open_day_near(begin + step * 4)
        scene.pay(scene.main, school, day, usd, PURPOSES["study"], evidence="shown")


def _near_cap(scene: Scene) -> None:
    """T02: a family abroad supported, without documents, with 80 to 92 % of what a year allows."""
    calendar, draw, world = scene.world.calendar, scene.draw, scene.world
    year = calendar.date(calendar.start_ms + (scene.first_day + scene.days) // 2 * 86_400_000).year
    days = [day for day in range(scene.first_day, scene.days) if calendar.date(calendar.moment(day, draw)).year == year]
    limits = scene.limits(days[0])
    small = any(name in SMALL_REMITTERS for name in scene.main.institutions)
    target = (limits.small_remitter_cap if small else limits.annual_cap) * draw.uniform(*NEAR_CAP)
    family = [scene.stranger(scene.main) for _ in range(3)]
    for day in sorted(scene.day_among(days[0], len(days)) for _ in range(MOST_PIECES)):
        usd = limits.document_line * draw.uniform(*BELOW_LINE)
        if world.no_document_usd[scene.main.id, year] + usd > target:
            return
        scene.pay(scene.main, draw.pick(family), day, usd, PURPOSES["living"])


def _charity(scene: Scene) -> None:
    """T03: many donors give alike to one charity abroad within days; each shows what it is for."""
    charity = scene.stranger(scene.main)
    charity.currency = "USD"
    begin, usual = scene.begin(8), scene.draw.spread(*DONATION_USD)
    for donor in scene.people:
        day = scene.day_among(begin, 7)
        usd = round(usual * scene.draw.uniform(0.92, 1.08) / 10) * 10.0
        more = {"remittance_info": "donation"}
        scene.pay(donor, charity, day, usd, PURPOSES["gift"], evidence="shown", more=more)


def _new_student(scene: Scene) -> None:
    """T12: who never paid for studies pays a first tuition and a room, with the letter of admission."""
    school = scene.draw.pick(scene.world.pools.universities)
    first = scene.open_day(scene.begin(20))
    if first is None:
        return
    for day, usd in ((first, scene.draw.uniform(12_000, 18_000)), (first + 9, scene.draw.uniform(4_000, 7_000))):
        open_day = scene.open_day(day)
        if open_day is not None:
            more = {"remittance_info": "tuition first term"}
            fields = {"evidence": "verified", "channel": "branch", "more": more}
            scene.pay(scene.main, school, open_day, usd, PURPOSES["study"], **fields)


def _property(scene: Scene) -> None:
    """T13: a flat abroad far beyond the buyer's habits, under a report of the capital transaction."""
    day = scene.open_day(scene.begin(62))
    if day is not None:
        price = scene.draw.spread(200_000, 900_000)
        purchase(scene.world, scene.main, scene.stranger(scene.main), day, price)


PERSONS_WHO = (
    LookAlike("rent", "T01", PERSONS, 28, _rent),
    LookAlike("instalments", "T01", PERSONS, 10, _instalments),
    LookAlike("near_cap", "T02", PERSONS, 2 * MOST_PIECES, _near_cap),
    LookAlike("charity_donors", "T03", PERSONS, 2 * DONORS, _charity, number=DONORS),
    LookAlike("new_student", "T12", PERSONS, 4, _new_student),
    LookAlike("reported_property", "T13", (*PERSONS, "property_buyer"), 4, _property),
)
