"""The arithmetic of windowed tails for Numba, which makes machine code of it (`compiled_code.py`).

A kernel gets one pointer to a frame, as those of trees do (tree_kernels.py). It does what the pure Python of
windowed_tails.py and sliding_window.py does, in its order of operations. All of it stands in this file, because Numba's
cache looks at this file only.
"""

import math

import numba
from numba import types

from detectors.models.machine_memory import COUNT, SLOTS, VALUES, doubles, integers, longs, move, octets

# What to do beside scoring.
LEARN = 1
# Places in the frame of tails. Orders and rings are tables of addresses, one a slot.
TAIL_WINDOW, TAIL_ORDERS, TAIL_RINGS, TAIL_LENGTHS, TAIL_OLDEST, TAIL_CREDITS, TAIL_UNKNOWN, TAIL_EVENT = range(8)
TAILS_FRAME = 8
# As in windowed_tails.py.
USUAL = 1.0


@numba.njit
def _first_at_least(values, count, value):
    """Place of the first of the sorted values that is >= `value`. Halves without a branch that could be guessed."""
    place = 0
    while count > 0:
        half = (count + 1) >> 1
        place += half * types.int64(values[place + half - 1] < value)
        count -= half
    return place


@numba.njit
def _first_above(values, count, value):
    """Place of the first of the sorted values that is > `value`."""
    place = 0
    while count > 0:
        half = (count + 1) >> 1
        place += half * types.int64(values[place + half - 1] <= value)
        count -= half
    return place


@numba.njit
def _keep(frame, slot, value, place):
    """The newest value into a slot's window, before `place` in order; the oldest leaves a full one."""
    start = longs(frame[TAIL_ORDERS])[slot]
    order, ring = doubles(start), doubles(longs(frame[TAIL_RINGS])[slot])
    lengths, oldest, window = longs(frame[TAIL_LENGTHS]), longs(frame[TAIL_OLDEST]), frame[TAIL_WINDOW]
    gap = lengths[slot]
    if gap < window:
        ring[gap] = value
        lengths[slot] = gap + 1
    else:
        last = oldest[slot]
        gap = _first_at_least(order, window, ring[last])
        ring[last] = value
        oldest[slot] = last + 1 if last + 1 < window else 0
    # only what lies between the gap and the new place moves
    if place <= gap:
        move(start + 8 * (place + 1), start + 8 * place, 8 * (gap - place))
        order[place] = value
    else:
        move(start + 8 * gap, start + 8 * (gap + 1), 8 * (place - gap - 1))
        order[place - 1] = value


@numba.njit
def _tail(frame, slot, value, learn):
    """-ln p of a value in its slot's window, which then learns it if told; 0 for a slot that was never learned."""
    if slot < 0:
        return 0.0
    order, length = doubles(longs(frame[TAIL_ORDERS])[slot]), longs(frame[TAIL_LENGTHS])[slot]
    below = _first_at_least(order, length, value)
    at_most = below
    if below < length and order[below] == value:
        at_most = _first_above(order, length, value)
    p = 2.0 * float(1 + min(length - below, at_most)) / float(1 + length)
    if learn:
        _keep(frame, slot, value, below)
    return -math.log(p) if p < 1.0 else 0.0


def tails(frame, mode):
    """`WindowedTails`: credits in the order of the event's values, and their sum less 1 each; learns when told.

    NaN is as good as missing: how many there were is told, as their credits are none.
    """
    event = longs(frame[TAIL_EVENT])
    slots, values = integers(event[SLOTS]), doubles(frame[TAIL_EVENT])
    credited, score, unknown = doubles(frame[TAIL_CREDITS]), 0.0, 0
    for number in range(event[COUNT]):
        value = values[VALUES + number]
        if value != value:
            credited[number] = value
            unknown += 1
            continue
        credited[number] = _tail(frame, slots[number], value, mode & LEARN)
        score += credited[number] - USUAL
    frame[TAIL_UNKNOWN] = unknown
    return score


@numba.njit
def _tails_of_column(frame, column, rows, present, block):
    """One feature, all events of a block one after the other: its window stays in the processor's cache."""
    count, scores, learn = block
    event = longs(frame[TAIL_EVENT])
    width, slot = event[COUNT], integers(event[SLOTS])[column]
    for number in range(count):
        at = number * width + column
        value = doubles(rows)[at]
        if value == value and (present == 0 or octets(present)[at] != 0):
            doubles(scores)[number] += _tail(frame, slot, value, learn) - USUAL


def tails_block(frame, rows, present, count, scores, learn):
    """Score and learn rows of values, feature by feature. `present` as in `trees_block`; `scores` must be zeros."""
    for column in range(longs(frame[TAIL_EVENT])[COUNT]):
        _tails_of_column(frame, column, rows, present, (count, scores, learn))
    return count
