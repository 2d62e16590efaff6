"""T06: an import payment that no customs declaration ever matches.

Published: prepayments above USD 20,000 unmatched for a year must be explained; banks make six checks before they pay
(counterparty, item, terms, amount, expected date, form of trade; 2023-06). Cases here are a firm's three to seven
payments of USD 25,000 to 180,000, goods due after two to four weeks, so that the due date falls inside the stream.

template: within two weeks, prepaid to a new supplier, goods due in 14 to 25 days, no declaration. slow: one payment
about every two weeks on the firm's own terms, seven in ten naming a declaration that does not exist. adversarial:
real declarations, but of 45 to 70 % of what is paid, with a usual supplier and between payments that match in full.

An investigator should find: the payment, what was searched, the nearest candidates and why not, days overdue. Illicit
value: what no declaration covers. No payment completes the case, a date that passes does: there is no due event.
"""

from streams.generator.calendar import HOUR_MS
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario

PAYMENT_USD = (25_000, 180_000)


def _template(stage: Stage) -> None:
    begin, draw = stage.window(14 + 30), stage.draw
    firm = stage.firm("importer", "trader")
    partner = stage.foreign(firm)
    for at_ms in stage.office_times(begin, 14, stage.count(3, 5)):
        more = stage.advance(partner, at_ms, draw.integer(14, 25))
        stage.pay(Order(firm, partner, at_ms, stage.size(*PAYMENT_USD), "import", evidence=stage.papers(), more=more))
    stage.finish()


def _slow(stage: Stage) -> None:
    begin, draw = stage.window(100), stage.draw
    firm = stage.firm("importer", "trader")
    partner = stage.foreign(firm)
    for at_ms in stage.office_times(begin, 85, stage.count(5, 7)):
        # the form of a number, but nothing was declared under it
        number = f"{stage.calendar.start.year % 100:02}{draw.integer(10**9, 10**10 - 1)}"
        usd = stage.size(PAYMENT_USD[0], 90_000)
        more = stage.declared(firm, number, partner)
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish()


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(75), stage.draw
    firm = stage.firm("importer", "trader")
    partner, uncovered = firm.counterparties[-1], 0.0
    for number, at_ms in enumerate(stage.office_times(begin, 75, 2 * stage.count(4, 6))):
        usd = stage.size(30_000, 120_000)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd)
            continue
        covered = usd * draw.uniform(0.45, 0.7)
        uncovered += usd - covered
        declared = stage.declare(CustomsEntry(firm, partner, at_ms - 2 * HOUR_MS, "import", covered, due_days=60))
        more = stage.declared(firm, declared, partner)
        stage.pay(Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish(illicit_usd=uncovered)


SCENARIO = Scenario(
    "T06",
    ("counterparty_novelty", "amount_own", "amount_corridor", "week_sum"),
    38,
    _template,
    _slow,
    _adversarial,
    beside=("T08",),
)
