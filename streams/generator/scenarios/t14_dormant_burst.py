"""T14: an account sleeps, or is new, and then large sums run through it in a few days.

Published: the supervisor names small-capital new firms with large sums in a short time; the definitions say 180 days of
silence and ten times the lifetime mean. The resident who plays it does nothing else in the stream, so that the silence
is one: it leaves honest traffic when it is cast. A span without room for the silence has the typology's other form, a
company set up within the year with 10m to 25m won, that pays little for two weeks.

template: three to five small payments in the first days, more than 180 days of silence, then 6 to 9 payments at 10 to
22 times that mean within a week, to new counterparties. slow: the same silence, then a ramp over five weeks.
adversarial: one tiny payment every 50 to 70 days keeps the account awake, then half a month of payments at 6 to 12
times its mean, between small ones to the old payee.

An investigator should find: the silence, before and after, first counterparties. Illicit value: what came after it.
"""

from streams.generator.population import Resident
from streams.generator.scenarios.new_firm import new_firm
from streams.generator.scenarios.stage import Stage
from streams.generator.scenarios.terms import Order, Scenario

SILENT_DAYS = 183
DUE_PAYMENT = 3
# of a new account, before its burst
FIRST_DAYS = 14
USUAL_USD = (900, 2_600)


def _asleep(stage: Stage, days_after: int) -> tuple[Resident, int, float]:
    """A resident whose few payments are long past (or its first), the first day after that, and its usual USD."""
    calendar, draw = stage.calendar, stage.draw
    last = calendar.days - days_after - 1
    earliest = max(stage.first_day, 4 + SILENT_DAYS)
    if last < earliest:
        return _new(stage, days_after)
    resident, usual = _silenced(stage)
    for at_ms in stage.office_times(0, 4, draw.integer(3, 5)):
        _small(stage, resident, at_ms, usual)
    return resident, draw.integer(earliest, last), usual


def _new(stage: Stage, days_after: int) -> tuple[Resident, int, float]:
    """The same of a firm that has just set up, where the span has no room for a silence."""
    begin = stage.window(FIRST_DAYS + days_after)
    firm, usual = new_firm(stage, begin), stage.draw.uniform(*USUAL_USD)
    for at_ms in stage.office_times(begin, FIRST_DAYS - 1, stage.draw.integer(3, 5)):
        _small(stage, firm, at_ms, usual)
    return firm, begin + FIRST_DAYS, usual


def _silenced(stage: Stage) -> tuple[Resident, float]:
    resident = stage.person() if stage.draw.chance(0.4) else stage.firm("trader", "online_seller")
    resident.weight = 0.0
    return resident, stage.draw.uniform(*USUAL_USD)


def _small(stage: Stage, resident: Resident, at_ms: int, usual: float) -> None:
    partner, purpose = resident.counterparties[0], _purpose(resident)
    more = stage.on_terms(resident, partner) if purpose == "import" else {}
    usd, evidence = usual * stage.draw.uniform(0.7, 1.3), "none" if purpose == "gift" else stage.papers()
    stage.cover(Order(resident, partner, at_ms, usd, purpose, evidence=evidence, more=more))


def _purpose(resident: Resident) -> str:
    if all(partner.hs_code for partner in resident.counterparties) and resident.party_type != "person":
        return "import"
    return "gift" if resident.party_type == "person" else "service"


def _large(stage: Stage, resident: Resident, at_ms: int, usd: float) -> str:
    # whom it paid before, and new ones
    partner, purpose = stage.draw.pick(resident.counterparties), _purpose(resident)
    more = stage.on_terms(resident, partner) if purpose == "import" else {}
    return stage.pay(Order(resident, partner, at_ms, usd, purpose, evidence=stage.papers(), more=more))


def _template(stage: Stage) -> None:
    resident, wakes, usual = _asleep(stage, 7)
    resident.counterparties += [stage.foreign(resident) for _ in range(2)]
    times = stage.office_times(wakes, 7, stage.count(6, 9))
    paid = [_large(stage, resident, at_ms, usual * stage.draw.uniform(10, 22)) for at_ms in times]
    stage.finish(due=paid[DUE_PAYMENT - 1])


def _slow(stage: Stage) -> None:
    resident, wakes, usual = _asleep(stage, 35)
    resident.counterparties += [stage.foreign(resident) for _ in range(3)]
    times = stage.office_times(wakes, 35, stage.count(8, 12))
    for number, at_ms in enumerate(times):
        # from three times the old mean to eighteen times
        _large(stage, resident, at_ms, usual * (3 + 15 * number / len(times)) * stage.draw.uniform(0.85, 1.15))
    stage.finish()


def _adversarial(stage: Stage) -> None:
    begin, draw = stage.window(15), stage.draw
    resident, usual = _silenced(stage)
    step = draw.integer(50, 70)
    for day in range(draw.integer(0, 9), begin, step):
        _small(stage, resident, stage.office_times(day, 3, 1)[0], usual * 0.4)
    resident.counterparties += [stage.foreign(resident) for _ in range(3)]
    for number, at_ms in enumerate(stage.office_times(begin, 15, stage.count(9, 12))):
        if number % 3 == 2:  # noqa: PLR2004 - every third
            _small(stage, resident, at_ms, usual)
        else:
            _large(stage, resident, at_ms, usual * draw.uniform(6, 12))
    stage.finish()


SCENARIO = Scenario(
    "T14",
    ("amount_own", "week_sum", "cadence", "counterparty_novelty", "amount_corridor"),
    30,
    _template,
    _slow,
    _adversarial,
)
