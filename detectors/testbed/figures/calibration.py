"""Calibration: whether a score of 0.9 means that nine of ten such party-days are illicit."""

from detectors.testbed.party_days import PartyDays
from detectors.testbed.statistics import Reliability, reliability


def calibration(days: PartyDays, bins: int = 10) -> Reliability:
    """The product's highest score of each party-day against whether any of its events belongs to a case.

    The score is fused of ranks, which order events and are no probabilities: where illicit party-days are rare a large
    error is to be expected, and the table shows by how much a score must be discounted.
    """
    return reliability(days.score, days.illicit, bins)
