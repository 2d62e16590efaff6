"""Closeness to the line above which papers are needed, among payments without papers.

Value and baselines: ratio of the amount to the line (usual ratio of own and of peers' payments without papers).
Deviation >= 0: closeness (0 below 0.8 of the line, rising to 1 at the line, 0 above it) less the peers' usual
closeness, in peers' spreads; 0.8 is TYPOLOGIES T01. Against peers, because someone who always splits has a habit of
it. None when papers were shown or the amount is not known in USD, or under 20 peer payments.
"""

from detectors.features import moments
from detectors.features.moment import Definition, Moment
from detectors.features.view import Feature

NAME = "document_line"
LOW = 0.8
FLOOR = 0.1
PRIOR = 0.3
LEAST_PEERS = 20
# Ratio of very large payments is cut here before it is learned: what counts is the neighbourhood of the line.
LARGEST = 3.0


def _closeness(ratio: float) -> float:
    return (ratio - LOW) / (1.0 - LOW) if LOW < ratio <= 1.0 else 0.0


def measure(moment: Moment, own: list[float]) -> Feature:
    """Value, own and peer baseline: amount as a ratio of the line."""
    seen = int(own[0])
    usual = own[2] if seen else None
    peers = moment.shared.peek("line|" + moment.key)
    peers = peers if peers is not None and peers[0] >= LEAST_PEERS else None
    peer = peers[6] if peers else None
    ratio = moment.line
    if ratio is None or not moment.view.no_document:
        return Feature(NAME, None, "ratio", None, usual, seen, peer)
    far = max(0.0, (_closeness(ratio) - peers[2]) / peers[3]) if peers else None
    return Feature(NAME, ratio, "ratio", far, usual, seen, peer)


def learn(moment: Moment, own: list[float]) -> None:
    """Move the own ratio, the peers' closeness (first four numbers) and the peers' ratio (last four)."""
    ratio = moment.line
    if ratio is None or not moment.view.no_document:
        return
    cut = min(ratio, LARGEST)
    moments.learn(own, cut, moment.fade, moment.weight, PRIOR, FLOOR)
    group = moment.shared.touch("line|" + moment.key, 2 * moments.SLOTS)
    closeness, ratios = group[:4], group[4:]
    moments.learn(closeness, _closeness(ratio), 1.0, 1.0, PRIOR, FLOOR)
    moments.learn(ratios, cut, 1.0, 1.0, PRIOR, FLOOR)
    group[:] = closeness + ratios


FEATURE = Definition(NAME, moments.SLOTS, measure, learn, "closeness to the document line", side="line")
