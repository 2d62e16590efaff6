"""T12: money sent under a purpose that the person's life does not have, or that changes where a limit bites.

Published (FSC 2021-11-15): 159 transfers in 7 months for USD 8.65m as study money, 54,000 each. A case here is one
remitter with a hundredth to a twentieth of that: 5 to 12 payments of USD 10,000 to 60,000.

template: a person without students abroad sends "study" money of USD 10,000 to 25,000 within two weeks to two payees,
papers shown. slow: 8 to 12 payments of 20,000 to 60,000 over nearly four months. adversarial: ordinary living
expenses without documents until close to a third of the annual cap, then study, gift and service fees in turn to the
same three payees in amounts a family has, some of them documented, between honest payments.

An investigator should find: the usual purposes with counts, the odd one, the kind of document held. Illicit value: the
payments under the false purpose.
"""

from streams.generator.pools import UNIVERSITIES
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

DUE_PAYMENT = 3


def _as_study(stage: Stage, days: int, payments: tuple[int, int], size: tuple[float, float]) -> None:
    begin, draw = stage.window(days), stage.draw
    person = stage.person("salaried", "migrant", "small_user")
    country, currency = draw.pick((("US", "USD"), ("AU", "AUD"), ("CA", "CAD"), ("GB", "GBP")))
    partners = [
        stage.foreign(person, country=country, currency=currency, serial=_school(stage, country)) for _ in range(2)
    ]
    paid = [
        stage.pay(Order(person, draw.pick(partners), at_ms, stage.size(*size), "study", evidence=stage.papers()))
        for at_ms in stage.times(begin, days, stage.count(*payments), 9, 18)
    ]
    stage.finish(due=paid[DUE_PAYMENT - 1])


def _school(stage: Stage, country: str) -> str:
    """A serial in the form that universities have and that none in the country has."""
    known = {partner.id for partner in stage.world.pools.universities}
    free = [f"U{number:04}" for number in range(UNIVERSITIES) if f"{country}-U{number:04}" not in known]
    return stage.draw.pick(free)


def _template(stage: Stage) -> None:
    _as_study(stage, 14, (5, 8), (10_200, 25_000))


def _slow(stage: Stage) -> None:
    _as_study(stage, 110, (8, 12), (20_000, 60_000))


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(100), stage.draw
    line, cap = stage.limit("T01", "document_line", begin), stage.limit("T02", "annual_cap", begin)
    person = stage.person("parent", "salaried")
    partners = [stage.foreign(person) for _ in range(3)]
    sent = 0.0
    for at_ms in stage.times(begin, 40, 12):
        usd = line * draw.uniform(0.3, 0.74)
        if sent + usd > 0.3 * cap:
            break
        sent += usd
        stage.cover(Order(person, draw.pick(partners), at_ms, usd, "living"))
    for number, at_ms in enumerate(stage.times(begin + 41, 59, stage.count(8, 11), 9, 20)):
        purpose = ("study", "gift", "service")[number % 3]
        documented = number % 3 != 1
        usd = line * (draw.uniform(1.1, 2.4) if documented else draw.uniform(0.3, 0.74))
        evidence = stage.papers() if documented else "none"
        stage.pay(Order(person, partners[number // 2 % 3], at_ms, usd, purpose, evidence=evidence))
    stage.finish()


SCENARIO = Scenario(
    "T12",
    ("amount_own", "amount_corridor", "week_sum", "counterparty_novelty", "slow_boiling"),
    36,
    _template,
    _slow,
    _adversarial,
    beside=("T13",),
)
