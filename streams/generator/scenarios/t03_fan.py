"""T03: a fan of remitters around one foreign account, or of recipients around one foreign payer.

Published: banks warn customers of being asked to send "for somebody" in similar sums; the FSC's rings of 2021 used
hundreds of names. Scaled down to a star of 5 to 9 residents a case, each with one or two pieces of half to nine tenths
of the document line, none documented.

template: one foreign party, 5 to 8 persons within three days, amounts within 12 % of each other, one phone and one
device for all; in three of ten cases the money comes in instead of going out. slow: 6 to 9 persons over four weeks,
the device shared by some. adversarial: two foreign names that share one account, every person on a device of its own,
amounts between a quarter and four fifths of the line, over five weeks, between honest payments of the same persons.

An investigator should find: the star, the shared attributes, first-seen dates, the total. Illicit value: all pieces.
"""

from dataclasses import replace

from streams.generator.population import Counterparty, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

LEAST_NAMES = 5


def _piece(person: Resident, hub: Counterparty, at_ms: int, usd: float, shared: Resident | None) -> Order:
    order = Order(person, hub, at_ms, usd, "gift", currency=hub.currency)
    if shared is not None:
        order.channel = "app"
        order.more = {"device_id": shared.device, "contact_id": shared.contact}
    return order


def _template(stage: Stage) -> None:
    begin = stage.window(3)
    line = stage.limit("T01", "document_line", begin)
    people, draw = stage.people(stage.count(5, 8)), stage.draw
    hub, base = stage.foreign(people[0]), line * draw.uniform(0.5, 0.82)
    direction, paid = "in" if draw.chance(0.3) else "out", []
    for person, at_ms in zip(people, stage.times(begin, 3, len(people)), strict=True):
        order = _piece(person, hub, at_ms, base * draw.uniform(0.94, 1.06), people[0])
        order.direction = direction
        paid.append(stage.pay(order))
    stage.finish(due=paid[LEAST_NAMES - 1], hub_id=hub.id)


def _slow(stage: Stage) -> None:
    begin = stage.window(28)
    line = stage.limit("T01", "document_line", begin)
    people, draw = stage.people(stage.count(6, 9)), stage.draw
    hub, base, paid = stage.foreign(people[0]), line * draw.uniform(0.45, 0.7), []
    for number, at_ms in enumerate(stage.times(begin, 28, len(people))):
        shared = people[0] if number % 2 else None
        paid.append(stage.pay(_piece(people[number], hub, at_ms, base * draw.uniform(0.85, 1.15), shared)))
    stage.finish(due=paid[LEAST_NAMES - 1], hub_id=hub.id)


def _adversarial(stage: Stage) -> None:
    begin = stage.window(36)
    line = stage.limit("T01", "document_line", begin)
    people, draw = stage.people(stage.count(6, 8)), stage.draw
    first = stage.foreign(people[0])
    second = replace(stage.foreign(people[0], country=first.country, currency=first.currency), account=first.account)
    for number, at_ms in enumerate(stage.times(begin, 36, len(people) + 3)):
        person = people[number % len(people)]
        order = _piece(person, (first, second)[number % 2], at_ms, line * draw.uniform(0.25, 0.79), None)
        order.purpose = draw.pick(("gift", "living"))
        stage.pay(order)
    for person, at_ms in zip(people, stage.times(begin, 36, len(people)), strict=True):
        usd = person.usual_usd * draw.uniform(0.6, 1.4)
        stage.cover(Order(person, person.counterparties[0], at_ms, usd, "living", evidence=stage.papers()))
    stage.finish(hub_id=first.id)


SCENARIO = Scenario(
    "T03",
    ("counterparty_novelty", "amount_own", "amount_corridor", "week_sum", "document_line"),
    34,
    _template,
    _slow,
    _adversarial,
    beside=("T01",),
)
