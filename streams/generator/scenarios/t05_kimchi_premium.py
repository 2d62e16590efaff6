"""T05: a young or tiny firm turns money from crypto-asset exchanges into "import payments".

Published (FSS 2022-07): firms set up since 2021 that sent USD 50m and more, at 100 times their capital or with frequent
deposits linked to exchanges, or half of it through one branch. A case here is one such firm at a twentieth of that
amount and with capital in proportion: USD 0.9m to 2.4m, beyond 100 times a capital of 10m to 25m won.

template: a firm set up within the last year, in three weeks, to one payee in Hong Kong, China or Japan, paid in
advance for goods that never come, the day's exchange-linked inflow about equal to each payment. slow: the same over
three months with two payees. adversarial: an importer of long standing mixes it with its declared trade: payments of
its usual size, inflow that explains a third to two thirds of them, every second payment honest.

An investigator should find: which of the supervisor's tests fired, the inflow's share, the capital multiple, hours in
to out. Illicit value: the payments that the inflow fed.
"""

from streams.generator.scenarios.new_firm import new_firm
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario
from streams.generator.world import REPORTING_BANKS

CAPITAL_MULTIPLE = 100
# banks that tell of every payer what came in from exchanges, honest payers included
INFORMED_BANKS = tuple(sorted(REPORTING_BANKS))
PAYEES = (("HK", "HKD"), ("CN", "USD"), ("JP", "JPY"))


def _fed(stage: Stage, order: Order, share: tuple[float, float]) -> str:
    """A payment fed by exchange-linked money of that share of its value; the event it counts from."""
    won = order.usd * stage.world.rates.mid("USD", order.at_ms)
    order.more["exchange_linked_inflow_24h"] = f"{won * stage.draw.uniform(*share):.0f}"
    return stage.pay(order)


def _burst(stage: Stage, days: int, payees: int, payments: tuple[int, int]) -> None:
    begin, draw = stage.window(days), stage.draw
    firm = new_firm(stage, begin)
    firm.institutions = (draw.pick(INFORMED_BANKS),)
    country, currency = draw.pick(PAYEES)
    partners = [stage.foreign(firm, country=country, currency=currency) for _ in range(payees)]
    times = stage.office_times(begin, days, stage.count(*payments))
    line = CAPITAL_MULTIPLE * float(str(firm.profile["capital_krw"])) / stage.world.rates.mid("USD", times[0])
    due, usual = None, 1.35 * line / len(times)
    for number, at_ms in enumerate(times):
        partner = partners[number % payees]
        usd, more = usual * draw.uniform(0.8, 1.2), stage.advance(partner, at_ms)
        order = Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), more=more)
        order.institution, order.channel = firm.institutions[0], "branch" if draw.chance(0.7) else "web"
        event_id = _fed(stage, order, (0.9, 1.02))
        if stage.usd >= line and due is None:
            due = event_id
    stage.finish(due=due, capital_krw=firm.profile["capital_krw"])


def _template(stage: Stage) -> None:
    _burst(stage, 21, 1, (10, 14))


def _slow(stage: Stage) -> None:
    _burst(stage, 90, 2, (14, 20))


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(80), stage.draw
    firm, bank = stage.companies(1, "importer")[0], draw.pick(INFORMED_BANKS)
    country, currency = draw.pick(PAYEES)
    partner = stage.foreign(firm, country=country, currency=currency)
    for number, at_ms in enumerate(stage.office_times(begin, 80, 2 * stage.count(8, 11))):
        usd = max(25_000.0, firm.usual_usd) * draw.uniform(0.6, 1.6)
        if number % 2:
            stage.honest_trade(firm, at_ms, usd)
        else:
            order = Order(firm, partner, at_ms, usd, "import", evidence=stage.papers(), institution=bank)
            order.more = stage.on_terms(firm, partner)
            _fed(stage, order, (0.33, 0.66))
    stage.finish()


SCENARIO = Scenario(
    "T05",
    ("amount_own", "amount_corridor", "week_sum", "cadence", "counterparty_novelty"),
    46,
    _template,
    _slow,
    _adversarial,
    beside=("T06", "T14"),
)
