"""T07: export proceeds that are not brought home.

No published count; the definitions give the scale: short by more than 10 % and USD 50,000. Cases here are a firm's
three to eight exports of USD 100,000 to 400,000 with settlement due after 20 to 45 days, inside the stream.

template: three or four declarations in two weeks, no receipt at all. slow: five to seven over two and a half months,
each answered by a receipt of 55 to 75 %. adversarial: receipts of 78 to 88 % on every second export, in part from
another foreign name than the buyer's, between exports that are paid in full.

An investigator should find: the open items by age, the shortfall, the earlier pattern, the affiliate that pays.
Illicit value: what did not come. A date that passes completes the case: there is no due event.
"""

from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario


def _template(stage: Stage) -> None:
    begin, draw = stage.window(14 + 35), stage.draw
    firm, missing = stage.firm("exporter"), 0.0
    buyer = stage.foreign(firm)
    for at_ms in stage.office_times(begin, 14, stage.count(3, 4)):
        usd = stage.size(100_000, 400_000)
        missing += usd
        stage.declare(CustomsEntry(firm, buyer, at_ms, "export", usd, due_days=draw.integer(20, 30)))
    stage.finish(illicit_usd=missing)


def _slow(stage: Stage) -> None:
    begin, draw = stage.window(75 + 40), stage.draw
    firm, missing = stage.firm("exporter"), 0.0
    buyer = stage.foreign(firm)
    for at_ms in stage.office_times(begin, 75, stage.count(5, 7)):
        usd, share = stage.size(120_000, 300_000), draw.uniform(0.55, 0.75)
        missing += usd * (1 - share)
        number = stage.declare(CustomsEntry(firm, buyer, at_ms, "export", usd, due_days=30))
        paid_ms = stage.office_times(stage.calendar.number(at_ms) + 8, 30, 1)[0]
        more = stage.declared(firm, number, buyer)
        stage.pay(Order(firm, buyer, paid_ms, usd * share, "export", "in", stage.papers(), more=more))
    stage.finish(illicit_usd=missing)


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(80 + 35), stage.draw
    firm, missing = stage.firm("exporter"), 0.0
    buyer = firm.counterparties[0]
    affiliate = stage.foreign(firm, country=buyer.country, currency=buyer.currency)
    for number, at_ms in enumerate(stage.office_times(begin, 80, 2 * stage.count(3, 4))):
        usd = stage.size(150_000, 400_000)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd, "export")
            continue
        short = draw.uniform(0.12, 0.22)
        missing += usd * short
        declared = stage.declare(CustomsEntry(firm, buyer, at_ms, "export", usd, due_days=35))
        for payer, share in ((buyer, 0.6), (affiliate, 0.4 - short)):
            paid_ms = stage.office_times(stage.calendar.number(at_ms) + 5, 25, 1)[0]
            more = stage.declared(firm, declared, buyer)
            stage.pay(Order(firm, payer, paid_ms, usd * share, "export", "in", stage.papers(), more=more))
    stage.finish(illicit_usd=missing)


SCENARIO = Scenario(
    "T07",
    ("amount_own", "cadence", "week_sum", "counterparty_novelty"),
    36,
    _template,
    _slow,
    _adversarial,
    beside=("T08", "T10"),
)
