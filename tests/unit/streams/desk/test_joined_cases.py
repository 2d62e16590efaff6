"""Cases that are one: a resident in common, within the window, over alerts of both agents; and those that are none."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from streams.desk.alert_heads import Head, read_head
from streams.desk.joined_cases import JoinedCases
from tests.support.repository import ROOT

ALERT = json.loads((ROOT / "tests" / "golden" / "alert.json").read_bytes())
ANN, BEN, CAT = (f"k1.0a{number}." + str(number) * 32 for number in (1, 2, 3))
START = datetime(2026, 4, 1, 3, tzinfo=UTC)


def head(case: str, day: float, party: str, *others: str, shared: bool = False) -> Head:
    """An alert of a case so many days after the start; `others` are the residents or third parties that it names."""
    told = ALERT | {"case_id": case, "party": party, "parties": [party, *others] if shared else list(others)}
    told |= {"created_for": (START + timedelta(days=day)).isoformat()}
    if shared:
        told |= {"x_shared": {"kind": "device", "token": "k1.777." + "d" * 32}}
    return read_head(json.dumps(told).encode())


def joined(case: str, *heads: Head) -> tuple[str, ...]:
    return JoinedCases(30, heads).joined(case)


def test_an_alert_about_a_device_joins_the_cases_of_its_residents():
    """Whichever of them is asked for; the one that began first is in front, whatever the order of reading."""
    many = [head("case-ann", 0, ANN), head("case-ring", 10, BEN, ANN, shared=True), head("case-cat", 3, CAT)]
    for some in permutations(many):
        assert joined("case-ring", *some) == ("case-ann", "case-ring")
        assert joined("case-ann", *some) == ("case-ann", "case-ring")
        assert joined("case-cat", *some) == ("case-cat",)


def test_rings_at_two_devices_with_a_resident_in_common_are_one_case_and_so_are_their_residents():
    many = [
        head("case-one", 0, ANN, BEN, shared=True),
        head("case-two", 20, BEN, CAT, shared=True),
        head("case-cat", 45, CAT),
    ]
    assert joined("case-cat", *many) == ("case-one", "case-two", "case-cat")


@pytest.mark.parametrize(("days", "many"), [(30, 2), (30.001, 1), (-30, 2), (-30.001, 1)])
def test_the_window_is_exact_and_lies_on_both_sides(days, many):
    heads = [head("case-ann", 0, ANN), head("case-ring", days, BEN, ANN, shared=True)]
    assert len(joined("case-ann", *heads)) == many


def test_a_case_is_near_by_its_last_alert_that_names_the_resident():
    """Between a case's alerts nothing is far; one of its alerts that names others says nothing."""
    long = [head("case-ann", 0, ANN), head("case-ann", 29, ANN)]
    assert len(joined("case-ann", *long, head("case-ring", 58, BEN, ANN, shared=True))) == 2
    others = [head("case-one", 0, ANN, BEN, shared=True), head("case-one", 29, CAT, BEN, shared=True)]
    assert joined("case-one", *others, head("case-ann", 58, ANN)) == ("case-one",)


def test_a_third_party_that_two_alerts_of_the_monitor_name_joins_nothing():
    """`parties` of the monitor's are the contract's other side, not residents."""
    assert joined("case-ann", head("case-ann", 0, ANN, CAT), head("case-ben", 1, BEN, CAT)) == ("case-ann",)


def test_a_case_that_nobody_knows_is_itself():
    assert joined("case-unknown", head("case-ann", 0, ANN)) == ("case-unknown",)
