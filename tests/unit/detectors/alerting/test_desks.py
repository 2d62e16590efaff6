"""Which desks get an alert: every list that is not empty must match."""

import pytest

from detectors.alerting.desks import About, matching
from detectors.contracts.configuration import Desk, DeskLists
from tests.support.ledger import Ledger, configuration, later


def of_desk(desk: Desk, **about: object) -> bool:
    """Whether a desk gets a high T01 alert of a person at SHBKKRSE, but for what is given."""
    config = configuration(desks={"compliance": {}})
    config.desks.clear()
    config.desks.update({"asked": desk})
    given = {"typologies": ("T01",), "severity": "high", "party_type": "person", "institutions": ("SHBKKRSE",)} | about
    return matching(About(**given), config) == ("asked",)


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
        ({"typologies": ("finding",)}, {}, True),
        ({"typologies": ("finding",)}, {"typologies": ()}, False),
        ({"purposes": ("gift",)}, {"purpose": "40101"}, True),
        ({"purposes": ("import", "export")}, {"purpose": "40101"}, False),
        ({"purposes": ("other",)}, {"purpose": "no code"}, False),  # what the legend does not know
        ({"purposes": ("gift",)}, {}, False),  # no payment
        ({"channels": ("exchanger", "app")}, {"channel": "app"}, True),
        ({"channels": ("exchanger",)}, {"channel": "app"}, False),
        ({"channels": ("exchanger",)}, {}, False),
        # the lists of `also` are another way in, each as a whole
        ({"typologies": ("T02",), "also": (DeskLists(severities=("high",)),)}, {}, True),
        ({"typologies": ("T02",), "also": (DeskLists(severities=("high",), party_types=("bank",)),)}, {}, False),
        ({"typologies": ("T02",), "also": (DeskLists(severities=("low",)), DeskLists())}, {}, True),
        ({"typologies": ("T02",), "also": ()}, {}, False),
        ({"rest": True}, {}, True),
        ({"rest": False}, {}, True),
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
        "customs": {"party_types": ["bank"], "typologies": [], "also": []},
        "supervision": {"severities": ["critical"], "rest": False},
        "central-bank": {"typologies": ["T02"]},
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
    assert matching(About(("T01",), alert.severity, "bank", alert.institutions), config) == tuple(
        name for name in config.desks if name in (found - {"persons"}) | {"customs"}
    )
    assert alert.desk == outputs.desks[0]


def test_the_rest_is_what_no_desk_before_it_gets():
    """Before it and after it are not the same; what it gets, those after it may get too."""
    config = configuration()
    config.desks.clear()
    config.desks.update({"a": Desk(severities=("high",)), "b": Desk(rest=True), "c": Desk(), "d": Desk(rest=True)})
    assert matching(About(("T01",), "high", "person", ()), config) == ("a", "c")
    assert matching(About(("T01",), "low", "person", ()), config) == ("b", "c")


@pytest.mark.parametrize(
    ("about", "desks"),
    [
        # Decree 35(4) no. 1: foreign institutions and brokers
        (About(("T16",), "high", "bank", (), None, "interbank"), ("central-bank",)),
        # no. 3(b): trade, by what is alerted or what is paid for; third-party payments in lieu of remittance
        (About(("T10",), "low", "company", (), "20101", "web"), ("customs",)),
        (About(("T10",), "low", "person", ()), ("customs",)),
        (About(("T05",), "low", "company", (), "10101", "web"), ("customs",)),
        (About(("T04",), "low", "person", ()), ("customs",)),
        (About(("T09",), "low", "company", ()), ("customs",)),
        # no. 3(a): exchangers and their customers
        (About(("T02",), "low", "person", (), "40101", "exchanger"), ("customs",)),
        # no. 2: services and capital not tied to trade, small remitters, all others
        (About(("T13",), "low", "company", (), "50301", "web"), ("supervision",)),
        (About(("T01",), "medium", "person", (), "40101", "small_remitter"), ("supervision",)),
        (About(("T02",), "medium", "person", (), None, "app"), ("supervision",)),
        (About(("T17",), "medium", "person", (), "90101", "app"), ("supervision", "compliance")),
        # the institution's own: what no rule explains, of trade too
        (About((), "medium", "company", (), "10101", "web"), ("compliance",)),
        (About((), "medium", "bank", (), None, "interbank"), ("compliance",)),
    ],
    ids=[
        "bank",
        "third party",
        "trade",
        "trade paid",
        "mirror",
        "price",
        "exchanger",
        "capital",
        "pieces",
        "no purpose",
        "through",
        "unusual",
        "unusual of a bank",
    ],
)
def test_the_shipped_desks_follow_the_decree(about, desks):
    """Decree art. 35(4): who inspects whom."""
    assert matching(about, configuration()) == desks
