"""How an event is measured, learned and remembered, and measured again as if it had not been."""

import pytest

from detectors.features import (
    LAYOUT,
    REGISTRY,
    Feature,
    Shared,
    measure_again,
    observe,
)
from detectors.features.baselines import token_hash
from tests.support.feature_moment import DAY, NOW, view


def test_an_event_is_measured_learned_and_remembered():
    """Times of first and newest event, the counterparty, the number of payments; a late one moves only the first."""
    shared = Shared()
    found, packed = observe(view(), b"", shared)
    assert [each.name for each in found] == [each.name for each in REGISTRY]
    past = LAYOUT.unpack(packed)
    supplier = token_hash("k.1.supplier")
    assert (past.seen, past.first_s, past.last_s, past.known) == (1, NOW, NOW, {supplier: 1.0})
    _, packed = observe(view(event_time_s=NOW + 90 * DAY, counterparty="k.1.other"), packed, shared)
    past = LAYOUT.unpack(packed)
    assert (past.seen, past.first_s, past.last_s) == (2, NOW, NOW + 90 * DAY)
    assert past.known == {supplier: 0.5, token_hash("k.1.other"): 1.0}
    _, packed = observe(view(event_time_s=NOW - DAY), packed, shared)
    past = LAYOUT.unpack(packed)
    assert (past.seen, past.first_s, past.last_s) == (3, NOW - DAY, NOW + 90 * DAY)
    assert past.known[supplier] == pytest.approx(0.5 + 0.5 ** (91 / 90))
    past.seen = 0xFFFFFFFF
    _, packed = observe(view(), LAYOUT.pack(past), shared)
    assert LAYOUT.unpack(packed).seen == 0xFFFFFFFF


def test_a_payment_is_measured_again_as_if_it_had_not_been_learned():
    """Two to one payee, one to a new one that is measured again: as new as it was, by gaps that are not known.

    Nothing is learned. Told a half-life before the party's newest payment, it has half the weight to be taken out.
    """
    shared, packed = Shared(), b""
    for number, name in enumerate(("a", "a", "b")):
        event = view(event_time_s=NOW + number * DAY, counterparty=name)
        first, packed = observe(event, packed, shared)
    groups, novelty = {name: list(group) for name, group in shared.groups.items()}, named(first, "counterparty_novelty")
    again = measure_again(event, packed, shared, NOW + 2 * DAY)
    assert [one.name for one in again] == [feature.name for feature in REGISTRY]
    assert shared.groups == groups
    assert (named(again, "counterparty_novelty").value, novelty.value) == (0.0, 0.0)
    assert named(again, "counterparty_novelty").deviation > 0
    assert (named(again, "cadence").value, named(first, "cadence").value) == (None, 1.0)
    assert named(again, "amount_corridor").own_n == 2
    known = measure_again(view(event_time_s=NOW, counterparty="a"), packed, shared, NOW)
    assert named(known, "counterparty_novelty").deviation == 0.0
    # 90 days on, half of the new payee's payment is left; the word was told then, later, or 90 days before
    _, later = observe(view(event_time_s=NOW + 92 * DAY, counterparty="a"), packed, shared)
    event = view(event_time_s=NOW + 92 * DAY, counterparty="b")
    for days, left in ((2, 0.0), (30, 0.0), (-88, 0.25)):
        found = measure_again(event, later, shared, NOW + days * DAY)
        share = left / (2 * 0.5 + 1 + left)
        assert named(found, "counterparty_novelty").value == pytest.approx(share, abs=0.01)


def named(features: tuple[Feature, ...], name: str) -> Feature:
    return next(one for one in features if one.name == name)
