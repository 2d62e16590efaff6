"""docs/CONTRACT.md, to which outsiders write, says of every field and code what the code does."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import inspect

from detectors.contracts import alert
from detectors.contracts.open_items import OpenItem, Reason
from detectors.contracts.screens import Screened, ScreenId
from detectors.contracts.shadow import Shadow
from streams.contracts import dead_letters
from streams.contracts.inputs import INPUTS
from streams.contracts.refusal_codes import CODES
from streams.ingest.validate import LENGTHS
from streams.keys.sealed_identities import SealedIdentity

PAGE = (Path(__file__).parents[2] / "docs" / "CONTRACT.md").read_text("utf-8")
TOPICS = sorted(INPUTS)
# lists of an alert, and the types of what they hold
PARTS = {
    "typologies": alert.TypologyHit,
    "limits": alert.LimitShown,
    "measured": alert.Measured,
    "snoozed": alert.Snoozed,
    "tests": alert.LawTest,
    "next_steps": alert.NextStep,
    "exposure": alert.Exposure,
    "reasons": alert.Reason,
    "counterfactual": alert.Counterfactual,
    "evidence": alert.EvidenceItem,
}


def section(title):
    """The text below a heading, up to the next one of its level."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """The cells of each row of the tables in a text, heads left out."""
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:3] == "| `"]
    assert found
    return found


def names(cell):
    """What stands in code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def choices(kind):
    """The values of a field that has a list of them, the least and greatest length of a text, else nothing."""
    if isinstance(kind, inspect.Metadata):
        return choices(kind.type)
    if isinstance(kind, inspect.UnionType):
        (told,) = [each for each in kind.types if not isinstance(each, inspect.UnsetType)]
        return choices(told)
    return set(kind.values) if isinstance(kind, inspect.LiteralType) else set()


def lengths(kind, most=None):
    """(least, most) characters of a text that has bounds; None for every other field."""
    if isinstance(kind, inspect.UnionType):
        return next((found for each in kind.types if (found := lengths(each, most))), None)
    if isinstance(kind, inspect.Metadata):
        return lengths(kind.type, most)
    if isinstance(kind, inspect.StrType) and (kind.max_length or most):
        return kind.min_length or 0, kind.max_length or most
    return None


@pytest.mark.parametrize("topic", TOPICS)
def test_each_field_is_said_with_need_values_and_length(topic):
    """Neither a field too many nor one too few, in any table of an input topic."""
    table = {names(row[0])[0]: row for row in rows(section(topic))}
    fields = {field.name: field for field in inspect.type_info(INPUTS[topic].type).fields}
    assert table.keys() == fields.keys()
    for name, field in fields.items():
        kind, needed = table[name][1], table[name][2]
        assert (needed == "yes") == field.required, name
        assert choices(field.type) == set(names(kind)), name
        if bounds := lengths(field.type, LENGTHS.get(topic, {}).get(name)):
            assert kind == f"string {bounds[0]}-{bounds[1]}", name


def test_each_field_of_an_alert_is_said():
    """The alert itself and the objects in its lists, by the names that stand in the JSON."""
    tables = rows(section("fx.alerts.v1"))
    encoded = {field.encode_name for field in msgspec.structs.fields(alert.Alert)}
    parts = {names(row[0])[0]: set(names(row[1])) for row in tables[-len(PARTS) :]}
    assert {names(row[0])[0] for row in tables[: -len(PARTS)]} == encoded
    for name, kind in PARTS.items():
        told = {each for each in parts[name] if each not in "LSD"}
        assert told == {field.encode_name for field in msgspec.structs.fields(kind)}, name


def test_each_header_of_a_dead_letter_is_said():
    """Readers of dead letters find every header that a letter may have."""
    said = {name for row in rows(section("fx.deadletter.v1")) for name in names(row[0]) if name.startswith("__")}
    assert said == {
        value for value in vars(dead_letters).values() if isinstance(value, str) and value.startswith("__fx.error.")
    } - {dead_letters.PREFIX}


def test_each_code_of_refusal_is_said_as_the_code_says_it():
    """Senders read here why a record may be refused."""
    said = {names(row[0])[0]: row[1] for row in rows(section("fx.deadletter.v1").split("### Codes of refusal")[1])}
    assert said == CODES


def test_each_field_of_an_identity_is_said():
    """Who opens identities reads them by these names."""
    text = section("fx.identities.v1")
    assert {field.name for field in msgspec.structs.fields(SealedIdentity)} <= set(names(text))


def test_each_field_of_an_open_item_is_said():
    """Who reads them finds each field, and each reason why an item is open."""
    told = section("fx.openitems.v1")
    fields = {field.name for field in msgspec.structs.fields(OpenItem)}
    assert {names(row[0])[0] for row in rows(told)} == fields
    assert set(get_args(Reason)) <= set(names(told))


def test_each_field_of_a_lists_entry_is_said():
    """Who reads lists finds each field, and each screen."""
    told = section("fx.screens.v1")
    fields = {field.name for field in msgspec.structs.fields(Screened)}
    assert {name for row in rows(told) for name in names(row[0])} == fields
    assert set(get_args(ScreenId)) <= set(names(told))


def test_each_field_of_a_challengers_record_is_said():
    """Who compares challengers finds each field."""
    fields = {field.name for field in msgspec.structs.fields(Shadow)}
    assert {name for row in rows(section("fx.shadow.v1")) for name in names(row[0])} == fields


NEW_IN_1_1 = {
    "fx.transactions.v1": {"residency", "designated_bank"},
    "fx.rates.v1": {"event_id", "source"},
    "fx.profiles.v1": {"register", "residency"},
    "fx.dispositions.v1": {"voluntary", "snooze_until", "snooze_typology", "shared_kind", "shared_token"},
}


@pytest.mark.parametrize("topic", TOPICS)
def test_what_came_with_the_minor_version_says_so(topic):
    """A writer who may meet a reader of version 1.0 sees which fields that one refuses."""
    told = {names(row[0])[0] for row in rows(section(topic)) if row[3].startswith("1.1: ")}
    assert told == NEW_IN_1_1.get(topic, set())
