"""T10: the payee is not the party of the contract, and no report was made.

The lines are those of Reg 5-10 (LAW, "From typology to article"): up to USD 5,000 exempt, 5,000 to 10,000 reported to
the bank, above 10,000 to the Bank of Korea. Scaled to a firm's four to eight payments.

template: four to six payments in three weeks of USD 15,000 to 90,000 for a usual partner's goods, to a payee in another
country; the bank names the contract's party, no report number. slow: five to seven over three months, USD 11,000 to
30,000. adversarial: pieces of USD 5,150 to 9,700, just above the exempt line, to three payees; only half of the
payments name the contract's party, the rest show it through the declaration alone; between direct payments to the true
partner.

An investigator should find: both names, the change of country, the missing report, the history with that payee.
Illicit value: what the third parties got, every piece of it above the exempt line.
"""

from streams.generator.calendar import HOUR_MS
from streams.generator.population import Counterparty, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import CustomsEntry, Order, Scenario

# above what needs no report, so that the whole of every piece is illicit
EXEMPT_USD = 5_000
PIECE_USD = (EXEMPT_USD * 1.03, 9_700)
HAVENS = (("HK", "USD"), ("SG", "USD"), ("AE", "USD"), ("CN", "USD"))


def _payee(stage: Stage, firm: Resident, partner: Counterparty) -> Counterparty:
    country, currency = stage.draw.pick([haven for haven in HAVENS if haven[0] != partner.country])
    return stage.foreign(firm, country=country, currency=currency)


def _diverted(stage: Stage, days: int, payments: tuple[int, int], size: tuple[float, float]) -> None:
    begin = stage.window(days)
    firm, paid = stage.firm("importer", "trader"), []
    partner = firm.counterparties[0]
    payee = _payee(stage, firm, partner)
    for at_ms in stage.office_times(begin, days, stage.count(*payments)):
        usd = stage.size(*size)
        number = stage.declare(CustomsEntry(firm, partner, at_ms - 3 * HOUR_MS, "import", usd, due_days=60))
        more = {**stage.declared(firm, number, partner), "contract_counterparty_id": partner.id}
        paid.append(stage.pay(Order(firm, payee, at_ms, usd, "import", evidence=stage.papers(), more=more)))
    stage.finish(due=paid[0])


def _template(stage: Stage) -> None:
    _diverted(stage, 21, (4, 6), (15_000, 90_000))


def _slow(stage: Stage) -> None:
    _diverted(stage, 90, (5, 7), (11_000, 30_000))


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(60), stage.draw
    firm = stage.firm("trader", "importer")
    partner = firm.counterparties[0]
    payees = [_payee(stage, firm, partner) for _ in range(3)]
    for number, at_ms in enumerate(stage.office_times(begin, 60, 2 * stage.count(6, 8))):
        usd = draw.uniform(*PIECE_USD)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd)
            continue
        declared = stage.declare(CustomsEntry(firm, partner, at_ms - 3 * HOUR_MS, "import", usd, due_days=60))
        more = stage.declared(firm, declared, partner)
        if number % 4 == 0:
            more["contract_counterparty_id"] = partner.id
        payee = payees[number // 2 % 3]
        stage.pay(Order(firm, payee, at_ms, usd, "import", evidence=stage.papers(), more=more))
    stage.finish()


SCENARIO = Scenario(
    "T10",
    ("counterparty_novelty", "amount_corridor", "amount_own"),
    40,
    _template,
    _slow,
    _adversarial,
)
