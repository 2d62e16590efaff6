"""Which desks get an alert: every list that is not empty must match."""

import pytest

from detectors.alerting.desks import matching
from detectors.contracts.configuration import Desk
from tests.support.ledger import Ledger, configuration, later


def of_desk(desk: Desk, **about: object) -> bool:
    """Whether a desk gets a high T01 alert of a person at SHBKKRSE, but for what is given."""
    config = configuration(desks={"compliance": {}})
    config.desks.clear()
    config.desks.update({"asked": desk})
    given = {"typologies": ("T01",), "severity": "high", "party_type": "person", "institutions": ("SHBKKRSE",)} | about
    return matching(**given, configuration=config) == ("asked",)


@pytest.mark.parametrize(
    ("lists", "about", "matches"),
    [
        ({}, {}, True),
        ({"typologies": ("T01",)}, {}, True),
        ({"typologies": ("T02",)}, {}, False),
        ({"typologies": ("T02", "T01")}, {"typologies": ("T16", "T02")}, True),  # any of the alert's
        ({"typologies": ("anomaly",)}, {}, False),
        ({"typologies": ("anomaly",)}, {"typologies": ()}, True),
        ({"typologies": ("T01",)}, {"typologies": ()}, False),
        ({"severities": ("high", "critical")}, {}, True),
        ({"severities": ("low",)}, {}, False),
        ({"party_types": ("person",)}, {}, True),
        ({"party_types": ("bank",)}, {}, False),
        ({"institutions": ("SHBKKRSE",)}, {}, True),
        ({"institutions": ("SHBKKRSEXXX",)}, {}, True),  # one bank, ISO 9362
        ({"institutions": (" shbkkrsexxx",)}, {}, True),  # however it is written
        ({"institutions": ("own code",)}, {"institutions": ("own code",)}, True),
        ({"institutions": ("SHBKKRSE",)}, {"institutions": ("BKGGKRSE", "SHBKKRSEXXX")}, True),
        ({"institutions": ("BKGGKRSE",)}, {}, False),
    ],
)
def test_a_list_that_is_not_empty_must_match(lists, about, matches):
    """One list at a time; the empty ones ask nothing."""
    assert of_desk(Desk(**lists), **about) == matches


@pytest.mark.parametrize("wrong", ["typologies", "severities", "party_types", "institutions"])
def test_three_lists_that_match_do_not_outweigh_one_that_does_not(wrong):
    """All four must match; beside it the desk where they do."""
    lists = {"typologies": ("T01",), "severities": ("high",), "party_types": ("person",), "institutions": ("SHBKKRSE",)}
    others = {"typologies": ("T16",), "severities": ("low",), "party_types": ("bank",), "institutions": ("BKGGKRSE",)}
    assert of_desk(Desk(**lists))
    assert not of_desk(Desk(**lists | {wrong: others[wrong]}))


def test_desks_come_in_the_configurations_order_and_of_a_built_alert():
    """The alert's own typologies, severity and institutions decide, and the party type that is given."""
    tables = {name: {"typologies": []} for name in ("zeta", "alpha")}
    tables |= {
        "persons": {"party_types": ["person"]},
        "split": {"typologies": ["T01"]},
        "cap": {"typologies": ["T02"]},
        "here": {"institutions": ["BANKA"]},
        "there": {"institutions": ["B"]},
        "level": {"severities": ["low", "medium", "high"]},
        "customs": {"party_types": ["bank"]},
        "supervision": {"severities": ["critical"]},
        "compliance": {"typologies": ["anomaly"]},
    }
    ledger = Ledger(configuration(desks=tables))
    outputs = next(found for n in range(6) if (found := ledger.pay(f"e{n}", later(hours=n))).alerts)
    (alert,) = outputs.alerts
    assert [hit.id for hit in alert.typologies] == ["T01"]
    assert alert.severity != "critical"
    config = ledger.state.configuration
    found = {"zeta", "alpha", "persons", "split", "here", "level"}
    assert outputs.desks == tuple(name for name in config.desks if name in found)
    assert matching(("T01",), alert.severity, "bank", alert.institutions, config) == tuple(
        name for name in config.desks if name in (found - {"persons"}) | {"customs"}
    )
    assert alert.desk == outputs.desks[0]
