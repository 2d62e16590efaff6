"""T17: money comes in from many and goes out again within hours, little of it staying.

No published scale; the definitions give 90 % within 24 hours and many sources. Cases here are a person's two to four
rounds of USD 5,000 to 25,000, small enough for a private account.

template: five to seven foreign payers within a day and a half, 93 to 98 % out to one account within 20 hours of the
last. slow: rounds of three payers about every ten days over six weeks, held one to three days. adversarial: one person
receives and another, on the same device, sends 84 to 92 % three to six days later in two pieces to two accounts,
mixed with money of their own.

An investigator should find: the timeline in and out, the holding time, sources and sinks, similar accounts. Illicit
value: what went through, counted once (the inbound side).
"""

from streams.generator.calendar import HOUR_MS, KST_MS
from streams.generator.population import Counterparty, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

PIECE_USD = (1_600, 4_600)
# hours of the day
WAKES, SLEEPS = 7, 23


def _collect(stage: Stage, person: Resident, payers: list[Counterparty], times: list[int]) -> float:
    total = 0.0
    for payer, at_ms in zip(payers, times, strict=True):
        usd = stage.draw.uniform(*PIECE_USD)
        total += usd
        stage.pay(Order(person, payer, at_ms, usd, "salary", "in"))
    return total


def _awake(stage: Stage, at_ms: int) -> int:
    """The time itself, or the next morning where people sleep: nobody honest is up at three to send money on."""
    hour = (at_ms + KST_MS) // HOUR_MS % 24
    if WAKES <= hour < SLEEPS:
        return at_ms
    morning = stage.calendar.number(at_ms) + (hour >= SLEEPS)
    return stage.calendar.moment(morning, stage.draw, WAKES, WAKES + 2)


def _template(stage: Stage) -> None:
    begin, draw = stage.window(4, 2), stage.draw
    person = stage.person()
    payers = [stage.foreign(person) for _ in range(stage.count(5, 7))]
    times = stage.times(begin, 2, len(payers), 8, 20)
    total = _collect(stage, person, payers, times)
    out_ms = _awake(stage, times[-1] + draw.integer(1, 12) * HOUR_MS)
    sink = stage.foreign(person)
    usd = total * draw.uniform(0.93, 0.98)
    due = stage.pay(Order(person, sink, out_ms, usd, "gift", evidence=stage.papers()))
    stage.finish(due=due, illicit_usd=total)


def _slow(stage: Stage) -> None:
    begin, draw = stage.window(45), stage.draw
    person, through, due = stage.person(), 0.0, None
    sink = stage.foreign(person)
    for planned in range(begin, begin + 36, 10):
        start = stage.calendar.open_day_near(planned)
        payers = [stage.foreign(person) for _ in range(3)]
        times = stage.times(start, 2, len(payers), 8, 20)
        total = _collect(stage, person, payers, times)
        through += total
        out_ms = stage.times(start + 2, 3, 1, 9, 20)[0]
        evidence = stage.papers()
        due = stage.pay(Order(person, sink, out_ms, total * draw.uniform(0.92, 0.97), "gift", evidence=evidence))
    stage.finish(due=due, illicit_usd=through)


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(46), stage.draw
    receiver, sender = stage.people(2)
    sinks, through = [stage.foreign(sender), stage.foreign(sender)], 0.0
    shared = {"device_id": receiver.device, "contact_id": sender.contact}
    for planned in (begin, begin + 14, begin + 28):
        start = stage.calendar.open_day_near(planned)
        payers = [stage.foreign(receiver) for _ in range(draw.integer(2, 4))]
        total = _collect(stage, receiver, payers, stage.times(start, 4, len(payers), 8, 21))
        through += total
        usd = total * draw.uniform(0.84, 0.92)
        for sink, share in zip(sinks, (0.6, 0.4), strict=True):
            at_ms = stage.times(start + 5, 4, 1, 9, 21)[0]
            order = Order(sender, sink, at_ms, usd * share, "living", evidence=stage.papers(), channel="app")
            order.more = dict(shared)
            stage.pay(order)
        own_ms = stage.times(start + 1, 3, 1, 9, 21)[0]
        own = min(2_400.0, sender.usual_usd) * draw.uniform(0.6, 1.4)
        stage.cover(Order(sender, sender.counterparties[0], own_ms, own, "living"))
    stage.finish(illicit_usd=through)


SCENARIO = Scenario(
    "T17",
    ("amount_own", "counterparty_novelty", "cadence", "week_sum", "amount_corridor"),
    36,
    _template,
    _slow,
    _adversarial,
    beside=("T04",),
)
