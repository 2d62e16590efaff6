"""T04: hwanchigi, an informal value transfer that mirrors itself across the border.

Residents pay into a foreign account; the operator abroad pays other residents nearly the same sum, and nothing settles
between the two sides. The FIU describes the match of volumes; operators' books run to thousands of legs. Scaled down
to five or six legs on each side of a case, on a corridor of foreign workers.

template: within three days one foreign account on both sides, 5 or 6 payers and as many payees, volumes equal but for
a fee of 0.5 to 2 %. slow: the same pairs over three weeks, each leg answered two to six days later. adversarial: the
two sides use different foreign names of which only one account is common, legs of different sizes and number, a tenth
to a fifth stays abroad for weeks, between honest payments of the same persons.

An investigator should find: the paired legs with lag and difference, the residual, the implied fee, the corridor.
Illicit value: both sides together.
"""

from dataclasses import replace

from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

CORRIDORS = (("CN", "CNY"), ("VN", "USD"), ("UZ", "USD"), ("PH", "PHP"), ("TH", "THB"))


def _mirrored(stage: Stage, days: int, lag_days: tuple[int, int]) -> None:
    begin = stage.window(days + lag_days[1], days)
    each, draw = stage.draw.integer(5, 6), stage.draw
    people = stage.people(2 * each, "migrant", "small_user")
    country, currency = draw.pick(CORRIDORS)
    hub = stage.foreign(people[0], country=country, currency=currency)
    fee = draw.uniform(0.005, 0.02)
    for number, at_ms in enumerate(stage.times(begin, days, each)):
        usd = draw.uniform(1_400, 3_700)
        stage.pay(Order(people[number], hub, at_ms, usd, draw.pick(("gift", "living"))))
        answered = stage.calendar.number(at_ms) + lag_days[0]
        back_ms = max(at_ms + 60_000, stage.times(answered, 1 + lag_days[1] - lag_days[0], 1)[0])
        back_ms = min(back_ms, stage.calendar.end_ms - 60_000)
        stage.pay(Order(people[each + number], hub, back_ms, usd * (1 - fee), "salary", "in"))
    stage.finish(due=max(stage.events)[1], hub_id=hub.id)


def _template(stage: Stage) -> None:
    _mirrored(stage, 2, (0, 1))


def _slow(stage: Stage) -> None:
    _mirrored(stage, 21, (2, 6))


def _adversarial(stage: Stage) -> None:
    begin = stage.window(45)
    draw, payers, payees = stage.draw, stage.draw.integer(6, 8), 5
    people = stage.people(payers + payees, "migrant", "small_user")
    country, currency = draw.pick(CORRIDORS)
    inward = [stage.foreign(people[0], country=country, currency=currency) for _ in range(2)]
    outward = [
        stage.foreign(people[0], country=country, currency=currency),
        replace(stage.foreign(people[0], country=country, currency=currency), account=inward[0].account),
    ]
    sent = 0.0
    for number, at_ms in enumerate(stage.times(begin, 30, payers)):
        usd = draw.uniform(600, 3_700)
        sent += usd
        stage.pay(Order(people[number], inward[number % 2], at_ms, usd, draw.pick(("gift", "living"))))
    returned = sent * draw.uniform(0.8, 0.9)
    shares = [draw.uniform(0.4, 1.6) for _ in range(payees)]
    for number, at_ms in enumerate(stage.times(begin + 9, 36, payees)):
        usd = returned * shares[number] / sum(shares)
        stage.pay(Order(people[payers + number], outward[number % 2], at_ms, usd, "salary", "in"))
    for person in people[::2]:
        at_ms = stage.times(begin, 45, 1)[0]
        usd = min(2_400.0, person.usual_usd) * draw.uniform(0.6, 1.4)
        stage.cover(Order(person, person.counterparties[0], at_ms, usd, "living"))
    stage.finish(hub_id=inward[0].id)


SCENARIO = Scenario(
    "T04",
    ("counterparty_novelty", "amount_own", "amount_corridor", "week_sum", "cadence"),
    40,
    _template,
    _slow,
    _adversarial,
    beside=("T03", "T17"),
)
