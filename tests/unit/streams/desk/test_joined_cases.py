"""Cases that are one: a resident in common, within the window, over alerts of both agents; and those that are none."""

import json
from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations
from random import Random

import pytest

from streams.desk.alert_heads import Head, read_head
from streams.desk.joined_cases import JoinedCases
from streams.desk.rotated_names import RotatedNames
from tests.support.desk_records import payment, record
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


def renamed(token: str, former: str) -> RotatedNames:
    names = RotatedNames({token, former})
    names.take(record(payment(party=token, previous={token: former})))
    return names


def test_a_resident_with_another_token_after_a_rotation_is_the_same():
    """Once it is known which tokens are one; until then the cases are apart."""
    later = "k2" + ANN[2:-32] + "9" * 32
    made = JoinedCases(30, [head("case-ann", 0, ANN), head("case-ring", 10, BEN, later, shared=True)])
    assert made.joined("case-ann") == ("case-ann",)
    made.know(renamed(later, ANN))
    assert made.joined("case-ann") == made.joined("case-ring") == ("case-ann", "case-ring")
    assert made.naming({ANN}) == {"case-ann", "case-ring"}


def test_the_window_holds_over_a_rotation_too():
    """And a case that goes on under the new token is as near by that as by the old one."""
    later = "k2" + ANN[2:-32] + "9" * 32
    ring = head("case-ring", 58, BEN, later, shared=True)
    apart = JoinedCases(30, [head("case-ann", 0, ANN), ring], renamed(later, ANN))
    assert apart.joined("case-ann") == ("case-ann",)
    near = JoinedCases(30, [head("case-ann", 0, ANN), head("case-ann", 29, later), ring], renamed(later, ANN))
    assert near.joined("case-ann") == ("case-ann", "case-ring")


def test_groups_are_all_cases_each_once():
    made = JoinedCases(30, [head("case-ann", 0, ANN), head("case-ring", 10, BEN, ANN, shared=True)])
    made.add(head("case-cat", 3, CAT))
    assert sorted(made.groups()) == [("case-ann", "case-ring"), ("case-cat",)]
    assert set(made.residents()) == {ANN, BEN, CAT}


def test_near_is_what_two_cases_at_a_time_say():
    """The sweep over a resident's cases finds what comparing each with each other one finds."""
    draw = Random(7)
    for _ in range(200):
        spans = {f"case-{n}": sorted(draw.uniform(0, 200) for _ in range(2)) for n in range(8)}
        made = JoinedCases(10, (head(case, day, ANN) for case, days in spans.items() for day in days))
        groups = {case: {case} for case in spans}
        for (one, (a, b)), (other, (c, d)) in combinations(spans.items(), 2):
            if max(a, c) - min(b, d) <= 10:
                merged = groups[one] | groups[other]
                groups |= dict.fromkeys(merged, merged)
        assert all(set(made.joined(case)) == groups[case] for case in spans)
