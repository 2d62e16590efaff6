"""The published JSON Schemas: generated from the code, valid, and of one mind with the decoder."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker

from detectors.contracts.configuration import Configuration, DetectorSet, Legend
from streams import schemas
from streams.cli.schemas import SchemasDifferError, command
from streams.contracts.refusal_codes import CODES
from tests.support.letters import dead_letter

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "corpus"
CASES = tomllib.loads((CORPUS / "cases.toml").read_text("utf-8"))
VALIDATORS = {
    topic: Draft202012Validator(schema, format_checker=FormatChecker()) for topic, schema in schemas.generate().items()
}
# What a JSON Schema cannot say (streams/schemas.py lists it), or what is refused before there is a JSON value
NOT_IN_A_SCHEMA = {
    "json.duplicate_key",
    "key.missing",
    "key.mismatch",
    "key.malformed",
    "time.future",
    "region.unknown",
    "field.characters",
    "currency.same",
    "size.exceeded",
    "depth.exceeded",
    "header.length",
    "header.count",
    "timestamp.missing",
    "topic.unknown",
    "configuration.invalid",
    # a schema knows neither placeholders nor check digits nor the day on which a currency ended, and sees no header
    "identifier.placeholder",
    "identifier.check_digits",
    "currency.withdrawn",
    "history.not_allowed",
    "signature.missing",
    "signature.malformed",
    "signature.wrong",
    "signature.expired",
    "signature.no_key",
}
# a schema knows the form of a time or date, not the calendar
CALENDAR = {"time_leap", "time_not_in_utc", "date_malformed"} | {name for name in CASES if CASES[name].get("calendar")}
# to a schema 1.0 is an integer and integers have no end; the decoder wants digits alone, in 64 bits
WHOLE_NUMBERS = {"declaration_line_float", "declaration_line_beyond_64_bits"}
# published without a length, which may not become narrower; what the door takes of it is bounded all the same
BOUNDED_TEXTS = {
    "disposition_alert_id_65",
    "disposition_investigator_129",
    "disposition_legal_basis_257",
    "disposition_office_129",
    "profile_industry_code_too_long",
}
# rules between fields that came with 1.1: a rule of the schema itself may not be added to what was published
SNOOZES = {
    "disposition_snooze_too_long",
    "disposition_snooze_typology_alone",
    "disposition_snooze_until_alone",
    "disposition_snooze_verdict",
    "disposition_snooze_before_time",
}
# Both fields of a shared thing come together, and a token's form goes by the kind.
SHARED_THINGS = {
    "disposition_shared_kind_alone",
    "disposition_shared_token_alone",
    "disposition_shared_token_no_token",
    "disposition_shared_goods_no_group",
}


def test_the_published_files_are_what_the_code_gives():
    """`deploy/schemas` is generated; after a change of a type run `fxwatch schemas`."""
    assert schemas.find_differing_schemas(ROOT / "deploy" / "schemas") == []


@pytest.mark.parametrize("topic", VALIDATORS)
def test_a_schema_is_valid_itself(topic):
    """Each file is a JSON Schema of draft 2020-12."""
    Draft202012Validator.check_schema(schemas.generate()[topic])


def parsed(name):
    try:
        return json.loads((CORPUS / f"{name}.bin").read_bytes().decode())
    except (ValueError, FileNotFoundError, RecursionError):
        return None


@pytest.mark.parametrize("name", [name for name in CASES if parsed(name) is not None and not CASES[name]["codes"]])
def test_a_good_record_fits_its_schema(name):
    """What the decoder admits, the schema admits."""
    VALIDATORS[CASES[name]["topic"]].validate(parsed(name))


BAD = [
    name
    for name, case in CASES.items()
    if parsed(name) is not None
    and name not in CALENDAR | WHOLE_NUMBERS | BOUNDED_TEXTS | SNOOZES | SHARED_THINGS
    and not set(case["codes"]) <= {"json.malformed", *NOT_IN_A_SCHEMA}
    and case["codes"] != []
]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_does_not_fit_its_schema(name):
    """What the decoder refuses for its content, the schema refuses."""
    assert not VALIDATORS[CASES[name]["topic"]].is_valid(parsed(name))


def test_a_configuration_fits_the_rules_schema():
    """What `rules apply` sends is what the schema of fx.rules.v1 describes."""
    configuration = Configuration(
        rules={}, legend=Legend(), desks={}, detectors=DetectorSet(members={"hst": {"trees": 50.0}})
    )
    record = {"event_id": "R-1", "configuration": msgspec.to_builtins(configuration)}
    VALIDATORS["fx.rules.v1"].validate(record)
    assert not VALIDATORS["fx.rules.v1"].is_valid({**record, "other": 1})


def test_dead_letter_headers_fit_their_schema():
    """Headers of every code fit; a code that is not in the table does not."""

    def headers(codes):
        made = dead_letter("t", 0, 1, 2, None, b"x" * 2_000_000, [], "decode", codes, "m", "0.1")
        return {name: (content or b"").decode() for name, content in made[2]}

    VALIDATORS["fx.deadletter.v1"].validate(headers(CODES))
    assert not VALIDATORS["fx.deadletter.v1"].is_valid(headers(["no.such_code"]))


def test_the_command_writes_and_checks(tmp_path):
    """It writes one file a topic, says what changed, and `--check` fails on a stale, missing or foreign file."""
    runner = CliRunner()
    first = runner.invoke(command, ["--out", str(tmp_path), "--json"])
    assert json.loads(first.output)["changed"] == sorted(path.name for path in tmp_path.iterdir())
    assert json.loads(runner.invoke(command, ["--out", str(tmp_path), "--json"]).output)["changed"] == []
    assert runner.invoke(command, ["--out", str(tmp_path), "--check"]).exit_code == 0
    (tmp_path / "fx.rates.v1.json").write_text("{}")
    (tmp_path / "fx.alerts.v1.json").unlink()
    (tmp_path / "fx.old.v1.json").write_text("{}")
    fault = runner.invoke(command, ["--out", str(tmp_path), "--check"]).exception
    assert isinstance(fault, SchemasDifferError)
    assert fault.got == "fx.alerts.v1.json, fx.old.v1.json, fx.rates.v1.json"
