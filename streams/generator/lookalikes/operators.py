"""Registered exchangers whose business grows, and who tell the register so."""

from streams.generator.calendar import DAY_MS, HOUR_MS
from streams.generator.lookalikes.scene import LookAlike, Scene
from streams.generator.world import MORE_PURPOSES
from streams.record import PROFILES

# of its dealings and of what the register says of it; a case of T18 grows as much and tells nobody
GROWTH = (3.0, 5.0)


def _larger_exchanger(scene: Scene) -> None:
    """T18: a larger office, told to the register first with its capital and turnover, then dealings to match."""
    exchanger, draw, world = scene.main, scene.draw, scene.world
    begin, growth = scene.begin(45), draw.uniform(*GROWTH)
    at_ms = world.calendar.start_ms + begin * DAY_MS + 6 * HOUR_MS
    larger = {name: str(int(int(str(exchanger.profile[name])) * growth)) for name in ("capital_krw", "turnover_krw")}
    body = {**exchanger.profile, **larger, "event_id": world.event_id(), "as_of": world.calendar.text(at_ms)}
    world.put(PROFILES, exchanger.id, body, at_ms)
    for _ in range(draw.integer(8, 14)):
        usd = exchanger.usual_usd * growth * draw.uniform(0.5, 1.6)
        scene.pay(
            exchanger, draw.pick(exchanger.counterparties), begin + draw.integer(2, 40), usd, MORE_PURPOSES["other"],
            direction="in" if draw.chance(0.4) else "out", evidence="verified", channel="exchanger",
        )  # fmt: skip


OPERATORS_WHO = (LookAlike("larger_exchanger", "T18", ("money_exchanger",), 24, _larger_exchanger),)
