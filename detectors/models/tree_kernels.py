"""The arithmetic of Half-Space Trees and their scaler, for Numba, which makes machine code of it (`compiled_code.py`).

A kernel gets one pointer: to a frame of 64-bit integers, which holds sizes, counters and the addresses of arrays that
Python owns. Failure prevented: with a dozen arrays as arguments, the call took longer than the work.
Each kernel does what the pure Python of flat_trees.py and bounded_scaler.py does, in its order of operations, so that
every number is equal bit for bit. All of it stands in this file, because Numba's cache looks at this file only: a
function kept elsewhere could change, and the machine code of before would go on.
"""

import math

import numba
import numpy as np
from numba import types

from detectors.models.machine_memory import COUNT, SLOTS, VALUES, doubles, integers, longs, octets

# What to do beside scoring, added up.
LEARN, CREDIT = 1, 2
# Places in the frame of trees: numbers, then addresses.
N_TREES, HEIGHT, N_FEATURES, COUNTER, WINDOW, WINDOW_SIZE, REFERENCE, PIVOTS, N_LEARNED, ARRIVED = range(10)
SPLITS, LEAVES, NODES, DROPS, SUMS, REACHED, DENSE, PRESENT, CREDITS, SCALES, FLOOR, ARRIVALS, EVENT = range(10, 23)
TREES_FRAME = 23
# A split and a leaf have 16 bytes each, so that a step down touches one line of the processor's cache, not three.
SPLIT = np.dtype([("threshold", np.float64), ("feature", np.int32), ("balance", np.int32)])
LEAF = np.dtype([("sum", np.float64), ("mass", np.int32), ("unused", np.int32)])
# As in bounded_scaler.py; tests/unit/detectors/models/test_tree_kernels.py holds them equal.
SLOWEST, STEP_LIMIT, Z_LIMIT = 0.002, 3.0, 8.0


@numba.njit
def _place(frame, scaled):
    """Put the event's values where the trees look for them. True when every feature is there."""
    dense, present, scales = doubles(frame[DENSE]), octets(frame[PRESENT]), doubles(frame[SCALES])
    event = longs(frame[EVENT])
    slots, values = integers(event[SLOTS]), doubles(frame[EVENT])
    for slot in range(frame[N_FEATURES]):
        present[slot] = 0
    there = 0
    for number in range(event[COUNT]):
        slot = slots[number]
        value = values[VALUES + number]
        if slot < 0 or (scaled and value != value):
            continue
        there += 1
        present[slot] = 1
        if scaled:
            z = value
            if scales[3 * slot] > 0.0:
                z = (value - scales[3 * slot + 1]) / scales[3 * slot + 2]
            z = Z_LIMIT if z > Z_LIMIT else -Z_LIMIT if z < -Z_LIMIT else z
            value = 1.0 / (1.0 + math.exp(-0.25 * z))
        dense[slot] = value
    return there == frame[N_FEATURES]


@numba.njit
def _descend(frame, complete, learn):
    """The leaf that the placed event reaches in each tree; counts it there and on its way when told to learn."""
    thresholds, parts = doubles(frame[SPLITS]), integers(frame[SPLITS])
    reached, masses = integers(frame[REACHED]), integers(frame[LEAVES])
    dense, present = doubles(frame[DENSE]), octets(frame[PRESENT])
    height = frame[HEIGHT]
    first = (1 << height) - 1
    for tree in range(frame[N_TREES]):
        base, node = tree * first, 0
        for _ in range(height):
            at = base + node
            slot = parts[4 * at + 2]
            right = 0 if dense[slot] < thresholds[2 * at] else 1
            if not complete:
                # 1 where the balance is above 0. Without a comparison, of which the compiler would make a branch that
                # the processor guesses wrongly half the time.
                heavier = (-types.int64(parts[4 * at + 3]) >> 63) & 1
                right = heavier ^ ((right ^ heavier) & present[slot])
            if learn:
                parts[4 * at + 3] += 2 * right - 1
            node = 2 * node + 1 + right
        reached[tree] = node - first
        if learn:
            masses[4 * (base + tree + node - first) + 2] += 1


@numba.njit
def _score(frame, total):
    """The score of a sum over the trees."""
    if frame[REFERENCE] == 0:
        return 0.0
    return 1.0 - total / float(frame[N_TREES] * frame[REFERENCE] * ((2 << frame[HEIGHT]) - 1))


@numba.njit
def _total(frame):
    """What the trees' tables hold for the leaves reached. Whole numbers below 2^53: exact in any order."""
    sums, reached = doubles(frame[LEAVES]), integers(frame[REACHED])
    leaves, total = 1 << frame[HEIGHT], 0.0
    for tree in range(frame[N_TREES]):
        total += sums[2 * (tree * leaves + reached[tree])]
    return total


@numba.njit
def _credit(frame):
    """Over the paths to the leaves reached, what each feature's splits credit it with."""
    parts, drops = integers(frame[SPLITS]), integers(frame[DROPS])
    reached, credited = integers(frame[REACHED]), longs(frame[CREDITS])
    height = frame[HEIGHT]
    first = (1 << height) - 1
    for slot in range(frame[N_FEATURES]):
        credited[slot] = 0
    for tree in range(frame[N_TREES]):
        child = reached[tree] + first
        while child > 0:
            parent = (child - 1) >> 1
            credited[parts[4 * (tree * first + parent) + 2]] += drops[tree * (2 * first + 1) + child]
            child = parent


@numba.njit
def _tabulate(frame):
    """From the leaves of the full window, which stand in the nodes: masses of the nodes above, and path sums."""
    nodes, sums = integers(frame[NODES]), doubles(frame[LEAVES])
    height = frame[HEIGHT]
    leaves, least = 1 << height, 0.1 * float(frame[REFERENCE])
    for tree in range(frame[N_TREES]):
        base = tree * (2 * leaves - 1)
        for node in range(leaves - 2, -1, -1):
            nodes[base + node] = nodes[base + 2 * node + 1] + nodes[base + 2 * node + 2]
        for leaf in range(leaves):
            total = 0.0
            for depth in range(height + 1):
                mass = nodes[base + (leaf >> (height - depth)) + (1 << depth) - 1]
                total += float(mass) * float(1 << depth)
                if float(mass) < least:
                    break
            sums[2 * (tree * leaves + leaf)] = total


@numba.njit
def _counted(frame, events):
    """After `events` were counted in leaves: at the window's end the counts become the reference."""
    frame[N_LEARNED] += events
    frame[COUNTER] += events
    if frame[COUNTER] < frame[WINDOW]:
        return
    nodes, masses, parts = integers(frame[NODES]), integers(frame[LEAVES]), integers(frame[SPLITS])
    leaves = 1 << frame[HEIGHT]
    for tree in range(frame[N_TREES]):
        for leaf in range(leaves):
            at = 4 * (tree * leaves + leaf) + 2
            nodes[tree * (2 * leaves - 1) + leaves - 1 + leaf] = masses[at]
            masses[at] = 0
        for node in range(leaves - 1):
            parts[4 * (tree * (leaves - 1) + node) + 3] = 0
    frame[REFERENCE], frame[COUNTER] = frame[WINDOW], 0
    frame[WINDOW] = min(2 * frame[WINDOW], frame[WINDOW_SIZE])
    frame[PIVOTS] += 1
    _tabulate(frame)


@numba.njit
def _scale(frame):
    """One bounded step of each present feature's location and spread."""
    scales, floor = doubles(frame[SCALES]), doubles(frame[FLOOR])[0]
    event = longs(frame[EVENT])
    slots, values = integers(event[SLOTS]), doubles(frame[EVENT])
    for number in range(event[COUNT]):
        value, scale = values[VALUES + number], 3 * slots[number]
        if scale < 0 or value != value:
            continue
        if scales[scale] == 0.0:
            # the state holds features in the order in which they came
            integers(frame[ARRIVALS])[frame[ARRIVED]] = slots[number]
            frame[ARRIVED] += 1
            scales[scale + 1], scales[scale + 2] = 0.0, 1.0
        seen, location, spread = scales[scale] + 1.0, scales[scale + 1], scales[scale + 2]
        step = max(1.0 / seen, SLOWEST)
        error, bound = value - location, STEP_LIMIT * spread
        error = bound if error > bound else -bound if error < -bound else error
        spread += step * (1.25 * abs(error) - spread)
        scales[scale], scales[scale + 1] = seen, location + step * error
        scales[scale + 2] = spread if spread > floor else floor


@numba.njit
def _trees(frame, mode, scaled):
    """One event through all trees: score, then credits, then learning, as `mode` says."""
    complete = _place(frame, scaled)
    if complete:
        _descend(frame, complete=True, learn=mode & LEARN)
    else:
        _descend(frame, complete=False, learn=mode & LEARN)
    score = _score(frame, _total(frame))
    if mode & CREDIT:
        _credit(frame)
    if mode & LEARN:
        _counted(frame, 1)
        if scaled:
            _scale(frame)
    return score


def trees(frame, mode):
    """`FlatHalfSpaceTrees`: the event's score. `mode` 0 leaves everything but the leaves reached as it is."""
    return _trees(frame, mode, scaled=False)


def scaled_trees(frame, mode):
    """`HalfSpaceTrees`: as `trees`, on the squashed robust z of the event's values."""
    return _trees(frame, mode, scaled=True)


def tabulate(frame, mode):
    """After a load: what follows from the reference leaves in the nodes, and from the masses."""
    _tabulate(frame)
    return float(mode)


@numba.njit
def _descend_block(frame, tree, rows, present, block):
    """One tree, all events of a block one after the other: adds to their scores, counts them when it learns."""
    first_row, count, scores, learn = block
    thresholds, parts = doubles(frame[SPLITS]), integers(frame[SPLITS])
    sums, masses = doubles(frame[LEAVES]), integers(frame[LEAVES])
    height, width = frame[HEIGHT], frame[N_FEATURES]
    first = (1 << height) - 1
    base = tree * first
    for number in range(first_row, first_row + count):
        row, node = number * width, 0
        for _ in range(height):
            at = base + node
            slot = row + parts[4 * at + 2]
            right = 0 if doubles(rows)[slot] < thresholds[2 * at] else 1
            if present != 0:
                heavier = (-types.int64(parts[4 * at + 3]) >> 63) & 1
                right = heavier ^ ((right ^ heavier) & octets(present)[slot])
                parts[4 * at + 3] += (2 * right - 1) * learn
            node = 2 * node + 1 + right
        leaf = base + tree + node - first
        doubles(scores)[number] += sums[2 * leaf]
        masses[4 * leaf + 2] += learn
    if present == 0 and learn:
        _balance(frame, tree)


@numba.njit
def _balance(frame, tree):
    """One tree's balances from the masses of its leaves: for many events at once cheaper than on each one's way."""
    parts, masses, nodes = integers(frame[SPLITS]), integers(frame[LEAVES]), integers(frame[SUMS])
    leaves = 1 << frame[HEIGHT]
    for leaf in range(leaves):
        nodes[leaves - 1 + leaf] = masses[4 * (tree * leaves + leaf) + 2]
    for node in range(leaves - 2, -1, -1):
        left, right = nodes[2 * node + 1], nodes[2 * node + 2]
        nodes[node] = left + right
        parts[4 * (tree * (leaves - 1) + node) + 3] = right - left


def trees_block(frame, rows, present, count, scores, learn):
    """Score and learn rows of values in the order of the trees' names; cut where a window ends.

    `present` is 0 when nothing is missing, else the address of one octet a value. `scores` must be zeros.
    """
    done = 0
    while done < count:
        part = count - done
        if learn:
            part = min(part, frame[WINDOW] - frame[COUNTER])
        for tree in range(frame[N_TREES]):
            if present == 0:
                _descend_block(frame, tree, rows, 0, (done, part, scores, learn))
            else:
                _descend_block(frame, tree, rows, present, (done, part, scores, learn))
        for number in range(done, done + part):
            doubles(scores)[number] = _score(frame, doubles(scores)[number])
        if learn:
            _counted(frame, part)
        done += part
    return count
