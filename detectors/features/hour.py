"""Hour of day against the party's own hours, with its peers' as a prior.

Value: local hour. Baselines: middle of the most usual 3-hour block, own and peers' (same direction, type and channel).
Deviation >= 0: nats by which this block is rarer than the most usual one. Fails at a block's edge: 08:59 and 09:01 are
in different blocks.
"""

from detectors.features import habits
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "hour"
BLOCKS = 8
BLOCK_HOURS = 24 / BLOCKS


def _block(moment: Moment) -> int:
    return int(moment.view.local_hour / BLOCK_HOURS) % BLOCKS


def _middle(block: int | None) -> float | None:
    return None if block is None else (block + 0.5) * BLOCK_HOURS


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value and baselines in hours since local midnight."""
    peers = moment.shared.peek(f"hour|{moment.key}|{moment.view.channel}")
    far = habits.surprise(own, peers, _block(moment))
    peer = None if peers is None else _middle(habits.usual(peers))
    return Feature(NAME, moment.view.local_hour, "hour", far, _middle(habits.usual(own)), moment.seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Count the block, own (decayed in time) and peers' (by count)."""
    block = _block(moment)
    habits.count(own, block, moment.fade, moment.weight)
    peers = moment.shared.touch(f"hour|{moment.key}|{moment.view.channel}", BLOCKS)
    habits.count(peers, block, habits.PEER_FADE, 1.0)


FEATURE = Definition(NAME, BLOCKS, measure, learn, "hour of day against own hours", side="time")
