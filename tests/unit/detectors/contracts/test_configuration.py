"""One spelling of equal configurations, their fingerprints, and what is read where nothing is said."""

import hashlib

import msgspec
import pytest

from detectors.contracts.configuration import Admission, DetectorSet, Engine, RateRules, fingerprint
from tests.support.ledger import configuration


def test_weights_of_one_are_left_out_and_read_as_one():
    """Of members; a name that is none stays, so that it can be refused."""
    given = DetectorSet(members={"a": {}, "b": {}, "c": {}}, weights={"a": 2.0, "b": 1.0, "x": 1.0})
    assert given.weights == {"a": 2.0, "x": 1.0}
    assert [given.weight(name) for name in ("a", "b", "c")] == [2.0, 1.0, 1.0]
    plain = DetectorSet(members={"a": {}}, weights={"a": 1.0})
    assert plain.weights is msgspec.UNSET
    assert plain.weight("a") == 1.0
    assert plain == DetectorSet(members={"a": {}})


def test_an_admission_that_says_nothing_is_none():
    """It is read as the default, and is no part of the encoding."""
    good = configuration()
    same = msgspec.structs.replace(good, admission=Admission())
    assert same.admission is msgspec.UNSET
    assert same.admitted == Admission()
    assert fingerprint(same) == fingerprint(msgspec.structs.replace(good, admission=msgspec.UNSET))
    told = msgspec.structs.replace(good, admission=Admission(officers=("A",)))
    assert told.admitted == told.admission == Admission(officers=("A",))


def test_the_default_number_of_parties_is_no_part_of_the_encoding():
    """Written or not it is one configuration, with the fingerprint of before there was any; another one is another."""
    good = configuration()
    assert good.engine.parties is msgspec.UNSET
    assert good.engine.most_parties == Engine(parties=1_000_000).most_parties == 1_000_000
    assert fingerprint(Engine(parties=1_000_000)) == fingerprint(Engine())
    assert b"parties" not in msgspec.json.encode(good.engine)
    told = configuration(engine={"parties": 7})
    assert told.engine.parties == told.engine.most_parties == 7
    assert fingerprint(told) != fingerprint(good)


def test_the_default_ceiling_is_no_part_of_the_encoding():
    """One rank in 500 and a tenth of the budget, whatever that is; written or not it is one detector set."""
    given = DetectorSet(members={"robust_z": {}})
    assert (given.ceiling, given.by_chance) == (0.002, 2.0)
    assert msgspec.structs.replace(given, daily_budget=50.0).by_chance == 5.0
    assert fingerprint(DetectorSet(members={"robust_z": {}}, rank_ceiling=0.002, most_by_chance=2.0)) == fingerprint(
        given
    )
    for name, value in (("rank_ceiling", 0.01), ("most_by_chance", 3.0)):
        told = msgspec.structs.replace(given, **{name: value})
        assert fingerprint(told) != fingerprint(given)
        assert {"rank_ceiling": told.ceiling, "most_by_chance": told.by_chance}[name] == value


def test_rules_of_rates_are_the_defaults_where_none_are_given():
    """A configuration of before there were any."""
    good = configuration()
    assert msgspec.structs.replace(good, rates=msgspec.UNSET).rate_rules == RateRules()
    assert msgspec.structs.replace(good, rates=RateRules(jump=0.5)).rate_rules == RateRules(jump=0.5)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"b": 1, "a": [2, 3]}, b'{"a":[2,3],"b":1}'),
        (msgspec.UNSET, b"null"),
        (None, b"null"),
        (RateRules(jump=0.5).confirmed, b"{}"),
    ],
)
def test_a_fingerprint_is_a_hash_of_sorted_json(part, text):
    """16 hex digits; what is not given counts as null."""
    assert fingerprint(part) == hashlib.sha256(text).hexdigest()[:16]
