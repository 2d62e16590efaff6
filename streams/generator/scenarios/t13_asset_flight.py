"""T13: capital leaves for an own or related account abroad, a property or a deposit, and no capital report was made.

Published lines: above USD 50,000 a fine, KRW 2bn (about USD 1.4m) in one transaction the criminal line; courts count
single transactions. Cases here move USD 120,000 to 900,000, each payment above the fine's line in the template.

template: a person buys property or opens a deposit abroad in two weeks, two to four payments of USD 60,000 to 250,000.
slow: a firm lends USD 52,000 to 90,000 about every three weeks to a related party of its profile, or to a new one
where it names none. adversarial: a person sends 9 to 14 payments of USD 8,000 to 24,000 as living expenses, gifts and
service fees to two accounts in two countries over three months, papers shown, between usual payments.

An investigator should find: the kind of destination, the cumulative sum, the missing report, its ratio to income or
turnover. Illicit value: the payments.
"""

from streams.generator.habits import hours
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

# the fine begins here; courts count single transactions
FINE_USD = 50_000


def _template(stage: Stage) -> None:
    begin, draw = stage.window(14), stage.draw
    person = stage.person("salaried", "parent")
    country, currency = draw.pick((("US", "USD"), ("JP", "JPY"), ("CA", "CAD"), ("AU", "AUD")))
    purpose = draw.pick(("property", "deposit"))
    # sellers of property have a form of id of their own
    serial = f"H{stage.world.event_id()}" if purpose == "property" else ""
    partner = stage.foreign(person, country=country, currency=currency, serial=serial)
    # as honest buyers and savers: at the branch or in the bank's web pages, with papers that the bank has checked
    channel = "branch" if purpose == "property" else "web"
    paid = []
    for at_ms in stage.office_times(begin, 14, stage.count(2, 4), hours.OFFICE):
        usd = stage.size(FINE_USD * 1.2, 250_000)
        paid.append(stage.pay(Order(person, partner, at_ms, usd, purpose, evidence="verified", channel=channel)))
    stage.finish(due=paid[0])


def _slow(stage: Stage) -> None:
    begin, draw = stage.window(110), stage.draw
    firm = stage.firm("importer", "exporter", "trader", "intra_group")
    related = firm.profile.get("related_counterparties")
    known = [partner for partner in firm.counterparties if isinstance(related, list) and partner.id in related]
    partner = known[0] if known else stage.foreign(firm)
    paid = [
        stage.pay(Order(firm, partner, at_ms, draw.uniform(FINE_USD * 1.04, 90_000), "loan", evidence=stage.papers()))
        for at_ms in stage.office_times(begin, 110, stage.count(5, 7))
    ]
    stage.finish(due=paid[0])


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(90), stage.draw
    person = stage.person("salaried", "parent")
    partners = [stage.foreign(person), stage.foreign(person)]
    for number, at_ms in enumerate(stage.times(begin, 90, stage.count(9, 14), 9, 20)):
        purpose, usd = ("living", "gift", "service")[number % 3], stage.size(8_000, 24_000)
        stage.pay(Order(person, partners[number % 2], at_ms, usd, purpose, evidence=stage.papers()))
    for at_ms in stage.times(begin, 90, draw.integer(3, 5)):
        usd = min(2_400.0, person.usual_usd) * draw.uniform(0.6, 1.5)
        stage.cover(Order(person, person.counterparties[0], at_ms, usd, "living"))
    stage.finish()


SCENARIO = Scenario(
    "T13",
    ("amount_own", "amount_corridor", "week_sum", "counterparty_novelty", "slow_boiling"),
    30,
    _template,
    _slow,
    _adversarial,
    beside=("T12",),
)
