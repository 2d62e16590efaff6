"""Statistical alerts under an emergency stop: none comes, rules go on, and what is learned is as without it."""

import msgspec

from detectors.contracts.events import ConfigurationChange
from tests.support.ledger import START, Ledger, configuration, later, payment

# every rank alerts as far as the budget goes
OPEN = configuration(
    detectors={"warm_up": 5, "rank_ceiling": 1.0, "most_by_chance": 1e9, "daily_budget": 1e6, "exploration": 0.0}
)
STOPPED = msgspec.structs.replace(OPEN, stopped={"statistical_alerts": "a test"})


def ledger_of(*changes: tuple[int, object], payments: int = 60) -> tuple[Ledger, list[bool]]:
    """A partition with so many payments, each an hour after the other; `changes` come before the payment they name."""
    ledger, raised = Ledger(OPEN), []
    ledger.rate(START)
    for number in range(payments):
        for at, change in changes:
            if at == number:
                ledger.put(ConfigurationChange(configuration=change), ledger.origin("fx.rules.v1"))
        event = payment(f"e{number}", later(hours=number + 1), amount=str(100 + number % 7))
        raised.append(bool(ledger.put(event, ledger.origin()).raised))
    return ledger, raised


def test_no_statistical_alert_comes_under_a_stop_and_they_come_again_after_it():
    _, without = ledger_of()
    _, stopped = ledger_of((20, STOPPED), (40, OPEN))
    assert any(without[20:40])
    assert (stopped[:20], any(stopped[20:40]), any(stopped[40:])) == (without[:20], False, True)


def test_challengers_have_a_stop_of_their_own_and_keep_what_they_know():
    """They go on under the other stop; under their own they stand still, and the champion's alerts are the same."""
    beside = msgspec.structs.replace(OPEN, challengers={"eager": msgspec.structs.replace(OPEN.detectors, seed=7)})
    alone, still = (
        msgspec.structs.replace(beside, stopped={what: "a test"}) for what in ("challengers", "statistical_alerts")
    )

    def known(*changes: tuple[int, object], payments: int = 60) -> tuple[object, list[bool]]:
        ledger, raised = ledger_of((0, beside), *changes, payments=payments)
        [challenger] = ledger.state.challengers.values()
        return challenger.scorer.to_state(), raised

    free, usual = known()
    assert known((20, alone))[0] == known(payments=20)[0] != free
    assert known((20, alone))[1] == usual
    assert known((20, still), (40, beside))[0] == free


def test_models_learn_under_a_stop_as_without_it():
    """Members, calibration, baselines and what is told to others are the same bytes; only alerts differ."""
    free, _ = ledger_of()
    held, _ = ledger_of((20, STOPPED), (40, OPEN))
    assert held.state.scorer.to_state() == free.state.scorer.to_state()
    assert held.state.baselines.to_state() == free.state.baselines.to_state()
    assert held.state.exchange.to_state() == free.state.exchange.to_state()
