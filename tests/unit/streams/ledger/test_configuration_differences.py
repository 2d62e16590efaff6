"""What a change would change, value by value, as the person who approves it reads it."""

import msgspec

from streams.ledger.configuration_differences import Difference, find_differences
from streams.settings import overlay_configuration
from tests.support.ledger import configuration

PLAIN = configuration()


def told(**tables: object) -> list[str]:
    return [str(each) for each in find_differences(PLAIN, overlay_configuration(tables))]


def test_equal_configurations_do_not_differ():
    assert find_differences(PLAIN, overlay_configuration({})) == []


def test_a_value_that_changes_names_its_place_and_both():
    assert told(detectors={"daily_budget": 30.0}) == ["~ [detectors] daily_budget: 20.0 -> 30.0"]
    assert told(rules={"T01": {"enabled": False}}) == ["~ [rules.T01] enabled: True -> False"]


def test_what_comes_and_goes():
    assert told(desks={"tax": {"typologies": ["T01"]}}) == [
        "+ [desks] tax institutions: []",
        "+ [desks] tax party_types: []",
        "+ [desks] tax severities: []",
        "+ [desks] tax typologies: ['T01']",
    ]
    without = msgspec.structs.replace(PLAIN, sanctions=msgspec.UNSET)
    kinds = {each.kind for each in find_differences(PLAIN, without)}
    assert kinds == {"removed"}
    assert all(str(each).startswith("- [sanctions] limit ") for each in find_differences(PLAIN, without))


def test_a_limit_is_itself_by_name_and_date_wherever_it_stands():
    """One put between others is one limit that comes, and those after it are no differences."""
    rules = PLAIN.rules["T02"]
    first = rules.limits[0]
    new = msgspec.structs.replace(first, value="7", effective_from=first.effective_from.replace(year=1999))
    changed = msgspec.structs.replace(rules, limits=(rules.limits[-1], new, *rules.limits[:-1]))
    found = find_differences(PLAIN, msgspec.structs.replace(PLAIN, rules={**PLAIN.rules, "T02": changed}))
    place = f"[rules.T02] limit {new.name} from 1999-{new.effective_from:%m-%d}"
    assert {each.place.removeprefix(place) for each in found} == {
        " value",
        " unit",
        " provenance",
        " verified",
        " source",
    }
    assert Difference(f"{place} value", None, "7") in found
