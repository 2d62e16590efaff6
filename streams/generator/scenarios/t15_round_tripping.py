"""T15: value leaves a firm and comes back to its cluster through others, goods on one way and loans on the other.

No published count; the definitions give 80 % back within five hops and at least USD 100,000. Cases here are cycles of
two or three residents and as many foreign names, USD 200,000 to 1m on the way out.

template: A pays an import to X, X lends to B two to four days later, B pays Y, Y buys "exports" from A; each hop keeps
96 to 99 %, ten days in all. slow: the same over ten weeks. adversarial: three residents, each leg in two or three
unequal payments, 80 to 88 % back, foreign names that share accounts in pairs only, between honest trades of A.

An investigator should find: the cycle with times and losses, the shared entities, the purposes of the legs. Illicit
value: what left in the first leg.
"""

from dataclasses import replace

from streams.generator.population import Counterparty, Resident
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

SHELLS = (("HK", "USD"), ("SG", "USD"), ("US", "USD"))


def _leg(stage: Stage, firm: Resident, partner: Counterparty, day: int, usd: float, purpose: str) -> str:
    # the pack's loans come from abroad
    direction = "out" if purpose == "import" else "in"
    more = {} if purpose == "loan" else stage.on_terms(firm, partner)
    at_ms = stage.office_times(day, 2, 1)[0]
    return stage.pay(Order(firm, partner, at_ms, usd, purpose, direction, stage.papers(), more=more))


def _shells(stage: Stage, firm: Resident, number: int) -> list[Counterparty]:
    names = []
    for _ in range(number):
        country, currency = stage.draw.pick(SHELLS)
        names.append(stage.foreign(firm, country=country, currency=currency))
    return names


def _cycle(stage: Stage, gap: tuple[int, int], keeps: tuple[float, float]) -> None:
    draw, begin = stage.draw, stage.window(3 * gap[1] + 3)
    first, second = stage.companies(2, "importer", "exporter")
    going, coming = _shells(stage, first, 2)
    usd = sent = stage.size(200_000, 700_000)
    day, due = begin, ""
    for firm, partner, purpose in (
        (first, going, "import"),
        (second, going, "loan"),
        (second, coming, "import"),
        (first, coming, "export"),
    ):
        day = stage.calendar.open_day_near(day)
        due = _leg(stage, firm, partner, day, usd, purpose)
        usd *= draw.uniform(*keeps)
        day += draw.integer(*gap)
    stage.finish(due=due, illicit_usd=sent)


def _template(stage: Stage) -> None:
    _cycle(stage, (2, 4), (0.96, 0.99))


def _slow(stage: Stage) -> None:
    _cycle(stage, (16, 24), (0.96, 0.99))


def _parts(stage: Stage, firm: Resident, names: list[Counterparty], day: int, usd: float, purpose: str) -> None:
    shares = [stage.draw.uniform(0.6, 1.4) for _ in range(stage.draw.integer(2, 3))]
    for number, share in enumerate(shares):
        offset = stage.draw.integer(0, 5)
        _leg(stage, firm, names[number % len(names)], day + offset, usd * share / sum(shares), purpose)


def _adversarial(stage: Stage) -> None:
    draw, begin = stage.draw, stage.window(64)
    first, second, third = stage.companies(3, "importer", "exporter")
    one, two, three = _shells(stage, first, 3)
    twin = replace(stage.foreign(first, country=two.country, currency=two.currency), account=one.account)
    usd = sent = stage.size(300_000, 900_000)
    back = sent * draw.uniform(0.8, 0.88)
    keep = (back / sent) ** (1 / 4)
    for place, (firm, names, purpose) in enumerate(
        (
            (first, [one, two], "import"),
            (second, [twin, two], "loan"),
            (second, [three], "import"),
            (third, [three], "export"),
            (third, [two], "import"),
        )
    ):
        _parts(stage, firm, names, begin + 12 * place, usd, purpose)
        usd *= keep
    for at_ms in stage.office_times(begin, 60, 3):
        stage.honest_trade(first, at_ms, stage.size(60_000, 300_000))
    stage.finish(illicit_usd=sent)


SCENARIO = Scenario(
    "T15",
    ("counterparty_novelty", "amount_own", "amount_corridor", "cadence"),
    34,
    _template,
    _slow,
    _adversarial,
    beside=("T17", "T13"),
)
