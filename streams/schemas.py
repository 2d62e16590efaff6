"""JSON Schemas (draft 2020-12) of the topics that outside parties write or read, generated from the code's own types.

They say everything of the contract that a schema can say. Not in them: the record's key, the time window, duplicate
keys, ISO 3166-2, control characters in ids, and that base and quote of a rate differ.
"""

import json
from pathlib import Path
from typing import Any

import msgspec

from detectors.contracts.alert import Alert
from detectors.contracts.open_items import OpenItem
from detectors.contracts.screens import Screened
from detectors.contracts.shadow import Shadow
from detectors.typologies import all_rules
from streams.contracts import dead_letters, iso_registers, refusal_codes
from streams.contracts.inputs import INPUTS, RULES, TRANSACTIONS
from streams.keys.sealed_identities import SealedIdentity

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ALERTS, DEADLETTER, IDENTITIES = "fx.alerts.v1", "fx.deadletter.v1", "fx.identities.v1"
OPEN_ITEMS, SCREENS, SHADOW = "fx.openitems.v1", "fx.screens.v1", "fx.shadow.v1"

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$(?!\n)"


def _input_schema(topic: str) -> dict[str, Any]:
    (schema,), definitions = msgspec.json.schema_components([INPUTS[topic].type], ref_template="#/$defs/{name}")
    main = definitions.pop(schema["$ref"].rsplit("/", 1)[1])
    main |= {
        "title": topic,
        "description": (INPUTS[topic].type.__doc__ or "").strip().split("\n\n")[0],
        # senders' own fields; they stop at ingest
        "patternProperties": {"^x_": True},
        "additionalProperties": False,
    }
    for content in main["properties"].values():
        if "$ref" in content:
            content.pop("type", None)
        if content.get("format") in ("date-time", "date"):
            # format is only a note to most validators
            content["pattern"] = _TIME if content["format"] == "date-time" else _DATE
    if topic == RULES:
        definitions["Configuration"]["properties"]["rules"]["properties"] = _rules()
    text = json.dumps(main)
    registers = {"currency": sorted(iso_registers.CURRENCIES), "country": sorted(iso_registers.COUNTRIES)}
    used = {name: {"type": "string", "enum": codes} for name, codes in registers.items() if f"$defs/{name}" in text}
    if topic == TRANSACTIONS:
        main["dependentRequired"] = {"settled_amount": ["settled_currency"]}
        taken_back = {"properties": {"status": {"enum": ["returned", "cancelled"]}}, "required": ["status"]}
        main |= {"if": taken_back, "then": {"required": ["original_event_id"]}}
    return {"$schema": DIALECT, "$id": topic, **main, "$defs": {**used, **definitions}}


def _rules() -> dict[str, Any]:
    """What each typology's table of `rules` may hold, for who writes one: its name, and its limits with their units.

    Notes beside the schema of every table, so that it takes what it took before. The door asks for more than they say.
    """
    return {
        typology.id: {
            "$ref": "#/$defs/TypologyRules",
            "title": typology.name_en,
            "x-limits": {
                name: {"unit": kind.unit, "least": kind.least, "most": kind.most, "whole": kind.whole}
                | {"needed": kind.needed}
                for name, kind in typology.limits.items()
            },
        }
        for typology in all_rules()
    }


def _output_schema(topic: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    (schema,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    main = definitions.pop(schema["$ref"].rsplit("/", 1)[1])
    return {"$schema": DIALECT, "$id": topic, **main, "title": topic, "$defs": definitions}


def _dead_letter_schema() -> dict[str, Any]:
    """The headers of a dead letter as an object of strings; key and value are the sender's bytes, whatever they are."""
    number = {"type": "string", "pattern": "^-?[0-9]+$"}
    code = "|".join(code.replace(".", r"\.") for code in sorted(refusal_codes.CODES))
    properties: dict[str, Any] = {
        dead_letters.TOPIC: {"type": "string"},
        dead_letters.PARTITION: number,
        dead_letters.OFFSET: number,
        dead_letters.TIMESTAMP: number,
        dead_letters.STAGE: {"type": "string"},
        dead_letters.CODES: {"type": "string", "pattern": f"^({code})(,({code}))*$"},
        dead_letters.MESSAGE: {"type": "string", "maxLength": refusal_codes.MESSAGE_LIMIT},
        dead_letters.VERSION: {"type": "string"},
    }
    return {
        "$schema": DIALECT,
        "$id": DEADLETTER,
        "title": DEADLETTER,
        "description": "Headers of a dead letter, as UTF-8. Key and value are the refused record's own bytes.",
        "type": "object",
        "required": list(properties),
        "properties": properties
        | {
            dead_letters.TOPIC_ID: {"type": "string"},
            dead_letters.LAST_OFFSET: number,
            dead_letters.LENGTH: number,
            dead_letters.SHA256: {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            dead_letters.KEY_LENGTH: number,
            dead_letters.KEY_SHA256: {"type": "string", "pattern": "^[0-9a-f]{64}$"},
            dead_letters.HEADERS_LEFT_OUT: number,
        },
    }


def generate() -> dict[str, dict[str, Any]]:
    """Topic -> its JSON Schema."""
    return {
        **{topic: _input_schema(topic) for topic in INPUTS},
        ALERTS: _output_schema(ALERTS, Alert),
        DEADLETTER: _dead_letter_schema(),
        IDENTITIES: _output_schema(IDENTITIES, SealedIdentity),
        OPEN_ITEMS: _output_schema(OPEN_ITEMS, OpenItem),
        SCREENS: _output_schema(SCREENS, Screened),
        SHADOW: _output_schema(SHADOW, Shadow),
    }


def render_schemas() -> dict[str, str]:
    """File name -> content of `deploy/schemas`. Lists of plain values stand on one line, as people read them."""
    return {f"{topic}.json": _render(schema) + "\n" for topic, schema in sorted(generate().items())}


def _render(content: Any, indent: str = "") -> str:
    inner = indent + "  "
    if isinstance(content, dict) and content:
        lines = [f"{inner}{json.dumps(name)}: {_render(part, inner)}" for name, part in content.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(content, list) and any(isinstance(part, dict | list) for part in content):
        return "[\n" + ",\n".join(inner + _render(part, inner) for part in content) + f"\n{indent}]"
    return json.dumps(content, ensure_ascii=False)


def find_differing_schemas(directory: Path) -> list[str]:
    """File names in `directory` that are missing, differ from the code, or belong to no topic."""
    wanted = render_schemas()
    there = {path.name for path in directory.glob("*.json")}
    changed = {name for name in there & wanted.keys() if (directory / name).read_text("utf-8") != wanted[name]}
    return sorted(changed | (there ^ wanted.keys()))


def write(directory: Path) -> list[str]:
    """Write every schema into `directory`, which is made if need be. Returns the file names that changed."""
    directory.mkdir(parents=True, exist_ok=True)
    changed = [name for name in find_differing_schemas(directory) if name in render_schemas()]
    for name, content in render_schemas().items():
        (directory / name).write_text(content, "utf-8")
    return changed
