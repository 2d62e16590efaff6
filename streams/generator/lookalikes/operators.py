"""Registered exchangers whose business grows, and who tell the register so."""

from streams.contracts.input_record import PROFILES
from streams.generator.habits import hours
from streams.generator.habits.transfer import known_partner
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.world import MORE_PURPOSES

# of its dealings and of what the register says of it; cases of T18 grow to as much, and tell nobody
GROWTH = (3.0, 5.0)


def _larger_exchanger(scene: Scene) -> None:
    """T18: a larger office, told to the register first with its capital and turnover, then dealings to match."""
    exchanger, draw, world = scene.main, scene.draw, scene.world
    begin, growth = scene.open_day(scene.begin(45)), draw.uniform(*GROWTH)
    if begin is None:
        return
    at_ms = world.calendar.moment_among(begin, draw, hours.OFFICE)
    capital, turnover = (int(int(str(exchanger.profile[name])) * growth) for name in ("capital_krw", "turnover_krw"))
    body = {
        **exchanger.profile,
        "capital_krw": str(capital // 1_000_000 * 1_000_000),
        "turnover_krw": str(turnover),
        "employees": max(1, turnover // 400_000_000),
        "event_id": world.event_id(),
        "as_of": world.calendar.text(at_ms),
    }
    world.put(PROFILES, exchanger.id, body, at_ms)
    for _ in range(draw.integer(8, 14)):
        usd = exchanger.usual_usd * growth * draw.uniform(0.5, 1.6)
        scene.pay(
            exchanger,
            known_partner(draw, exchanger),
            begin + draw.integer(2, 40),
            usd,
            MORE_PURPOSES["other"],
            direction="in" if draw.chance(0.4) else "out",
            evidence="verified",
            channel="exchanger",
        )


OPERATORS_WHO = (LookAlike("larger_exchanger", "T18", ("money_exchanger",), 24, _larger_exchanger),)
