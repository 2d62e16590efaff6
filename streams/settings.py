"""Settings: one TOML file (`FXWATCH_CONFIG`) and the environment (`FXWATCH_...`), the environment first.

The TOML's tables `rules`, `legend`, `desks`, `detectors`, `engine` and `admission` are the effective configuration
(merged over `detectors/defaults.toml` and a rule pack, table by table; lists replace). All else is a field of
`Settings`.
All errors are reported at once, each with its place and what was expected.
"""

import os
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import msgspec
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from detectors.configuration_faults import configuration_faults
from detectors.contracts.configuration import (
    Admission,
    Configuration,
    Desk,
    DetectorSet,
    Duties,
    Limit,
    Pack,
    Promotion,
    Quarantine,
    RateRules,
    Sanctions,
    Screens,
    TypologyRules,
)
from streams.errors import ConfigurationError
from streams.kafka_access import bootstrap_addresses as bootstrap
from streams.log import logs
from streams.rule_packs import SHIPPED_PACK, choose_pack, default_tables, merge_tables, read_tables

logger = logs.get_logger(__name__)

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

HIDDEN = ("oauth_token_command",)

EFFECTIVE = (
    "rules",
    "legend",
    "desks",
    "detectors",
    "engine",
    "admission",
    "rates",
    "sanctions",
    "duties",
    "screens",
    "pack",
    "quarantine",
    "approvers",
    "challengers",
    "promotion",
)


class Settings(BaseSettings):
    """What a process needs to run; nothing here can change a score (that is `effective`)."""

    model_config = SettingsConfigDict(env_prefix="FXWATCH_", extra="forbid", frozen=True)

    security_protocol: SecurityProtocol = Field("PLAINTEXT", description="Kafka's name; docs/SECURITY.md")
    # after the security protocol, which its check compares it with
    bootstrap: str = Field(
        "127.0.0.1:9092",
        description="Kafka bootstrap servers, comma separated: host, host:port, [IPv6]:port, PROTOCOL://host:port",
    )
    ssl_ca_file: Path | None = Field(
        None, description="PEM: authorities that the brokers' certificates are trusted by; default the system's"
    )
    ssl_certificate_file: Path | None = Field(None, description="PEM: own certificate and its chain (mutual TLS)")
    ssl_key_file: Path | None = Field(None, description="PEM: its private key, mode 0600")
    ssl_key_password_file: Path | None = Field(None, description="the key's password, mode 0600")
    sasl_mechanism: SaslMechanism | None = None
    sasl_username: str | None = Field(None, min_length=1)
    sasl_password_file: Path | None = Field(None, description="the password, mode 0600; read at each connection")
    oauth_token_file: Path | None = Field(None, description="a token that something renews, mode 0600")
    oauth_token_command: str | None = Field(
        None, min_length=1, repr=False, description="prints a token, or an answer of a token end point; no shell"
    )
    key_file: Path | None = Field(
        None, description="pseudonym keys: `key_id = 64 hex digits` a line; first current, last routes"
    )
    seal_key_file: Path | None = Field(None, description="public key (64 hex digits) that identities are sealed to")
    sender_keys_file: Path | None = Field(
        None, description="public keys by which senders prove their records (TOML); docs/SECURITY.md"
    )
    audit_anchor_file: Path | None = Field(
        None, description="where `reidentify` notes the head of fx.audit.v1, out of reach of who administers Kafka"
    )
    officer: str | None = Field(None, min_length=1, description="id of the officer whose verdicts `dispose` sends")
    lang: Literal["en", "ko"] = Field(
        "en", description="what the investigators' commands speak, where --lang is not given"
    )
    data_dir: Path = Field(Path(".fxwatch"), description="directory of the embedded broker and the jar cache's link")
    application: str = Field(
        "fxwatch", pattern=r"^[a-z][a-z0-9-]{0,30}$", description="prefix of consumer groups and transactional ids"
    )

    replication: int | None = Field(None, ge=1, description="replicas per topic; default min(3, brokers)")
    min_insync_replicas: int | None = Field(None, ge=1, description="default replication - 1, at least 1")
    raw_retention_days: float = Field(30, gt=0, description="retention of raw inputs and dead letters, days")
    evidence_retention_days: float | None = Field(
        None, gt=0, description="ledger, legs, daily snapshots, days, at least those of raw inputs; default for ever"
    )

    web_host: str = "127.0.0.1"
    web_port: int = Field(6066, ge=0, le=65535)
    broker_patience_seconds: float = Field(300, gt=0, description="how long a broker that is gone is waited for")
    session_timeout_seconds: float = Field(
        10, ge=6, description="consumer group session time-out (the broker's minimum is 6)"
    )
    transaction_timeout_seconds: float = Field(30, ge=1)
    order_wait_seconds: float = Field(
        0.5,
        ge=0,
        description="how long the next input partition is waited for in time order; in a backlog 4 or more",
    )
    run_records: int = Field(256, ge=1, le=1024, description="records a run; one run must not hold the loop over 50 ms")
    queued_runs: int = Field(4, ge=1, le=64)
    snapshot_every_events: int = Field(50_000, ge=1)
    snapshot_every_seconds: float = Field(60, gt=0)
    shutdown_seconds: float = Field(20, gt=0, description="hard deadline of a graceful stop")

    log_format: logs.Format = Field(
        "text", description="a worker's log: lines for people, or one JSON object a line; docs/LOGS.md"
    )
    log_level: logs.Level = Field("info", description="what a worker's log holds")

    rule_pack: str = Field(
        SHIPPED_PACK, description="the law: the name of a shipped pack, or a TOML file of one; docs/CONFIGURATION.md"
    )
    config_file: Path | None = None
    effective_tables: dict[str, Any] = Field(default_factory=dict)

    @field_validator("bootstrap")
    @classmethod
    def _addresses(cls, text: str, info: ValidationInfo) -> str:
        found, problems = bootstrap.read(text)
        other = bootstrap.find_mismatch(found, info.data.get("security_protocol", "PLAINTEXT"))
        if problems or other:
            raise ValueError("; ".join([*problems, *([other] if other else [])]))
        return text

    @field_validator("log_format", "log_level", mode="before")
    @classmethod
    def _small_letters(cls, word: Any) -> Any:
        return word.lower() if isinstance(word, str) else word  # INFO and JSON are as usual

    @field_validator("evidence_retention_days")
    @classmethod
    def _outlives_inputs(cls, days: float | None, info: ValidationInfo) -> float | None:
        """Failure prevented: `reconcile` finds inputs whose ledger records are gone, and calls them lost."""
        raw = info.data.get("raw_retention_days", 0.0)
        if days is not None and days < raw:
            raise ValueError(f"must be at least raw_retention_days, which is {raw:g}; leave it out to keep for ever")
        return days

    @cached_property
    def effective(self) -> Configuration:
        """The effective configuration: defaults overlaid with the TOML's tables. Validated when the settings load."""
        return overlay_configuration(self.effective_tables, self.rule_pack)

    @property
    def bootstrap_servers(self) -> list[str]:
        """The bootstrap addresses as every client takes them. Raises `ConfigurationError` (command-line overrides)."""
        return bootstrap.parse_servers(self.bootstrap)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file: the file's values come in as init arguments."""
        return env_settings, init_settings


def overlay_configuration(tables: dict[str, Any], pack: str = SHIPPED_PACK) -> Configuration:
    """Defaults and a pack, overlaid with `tables`, validated to the end: what passes here can be applied by the core.

    Raises `ConfigurationError` with every problem found.
    """
    shipped = default_tables(pack)
    merged = merge_tables(shipped, tables)
    given = tables.get("detectors")
    if isinstance(given, dict) and "members" in given:
        # a list of members is whole. Failure prevented: what `rules show` printed of a set without a member that is
        # shipped today had it again, and no worker started with it
        merged["detectors"]["members"] = given["members"]
    if isinstance(merged.get("challengers"), dict):
        merged["challengers"] = {name: _completed(merged, one) for name, one in merged["challengers"].items()}
    problems, parts = [], {}
    for name in EFFECTIVE:
        if name in merged:
            usable, found = _usable(name, merged[name], shipped.get(name))
            problems += found
            if usable is not None:
                parts[name] = msgspec.convert(usable, _TYPES[name])
    configuration = Configuration(**parts)
    problems += configuration_faults(configuration)
    if problems:
        raise ConfigurationError(
            "the effective configuration is not valid", problems, todo="mend these tables of the TOML file"
        )
    return configuration


def _completed(merged: dict[str, Any], challenger: Any) -> Any:
    """A challenger's table; what it leaves out is as in [detectors], and weights only where its members are too."""
    champion = merged.get("detectors")
    if not isinstance(challenger, dict) or not isinstance(champion, dict):
        return challenger
    left_out = {"weights"} if "members" in challenger else set()
    return {key: value for key, value in champion.items() if key not in left_out} | challenger


_TYPES = {field.name: field.type for field in msgspec.structs.fields(Configuration)} | {
    "admission": Admission,
    "rates": RateRules,
    "sanctions": Sanctions,
    "duties": Duties,
    "screens": Screens,
    "pack": Pack,
    "quarantine": Quarantine,
    "approvers": dict[str, str],
    "challengers": dict[str, DetectorSet],
    "promotion": Promotion,
}
# Tables of tables and their items' types: converted item by item, because msgspec stops at the first fault it meets.
_ITEMS = {"rules": TypologyRules, "desks": Desk, "challengers": DetectorSet}


def _usable(name: str, table: Any, shipped: Any) -> tuple[Any, list[str]]:
    """A table of the effective configuration as far as its types are right, and what is wrong with the rest.

    The shipped table or item stands in for one whose types are wrong, so that the faults of all others are told in the
    same message. None: nothing is shipped in its place.
    """
    if name not in _ITEMS or not isinstance(table, dict):
        problems = list(_faults_of(f"[{name}]", table, _TYPES[name]))
        return shipped if problems else table, problems
    found = {key: list(_item_problems(name, key, item)) for key, item in table.items()}
    usable = {key: (shipped or {}).get(key) if found[key] else item for key, item in table.items()}
    return (
        {key: item for key, item in usable.items() if item is not None},
        [problem for problems in found.values() for problem in problems],
    )


def _item_problems(name: str, key: str, item: Any) -> Iterator[str]:
    """What msgspec says of one rule or desk, a rule's limits one by one."""
    limits = item.get("limits") if isinstance(item, dict) else None
    if name == "rules" and isinstance(limits, list):
        for number, limit in enumerate(limits, 1):
            yield from _faults_of(f"[rules.{key}] limit {number}", limit, Limit)
        item = {**item, "limits": []}  # they have been looked at
    yield from _faults_of(f"[{name}.{key}]", item, _ITEMS[name])


def _faults_of(place: str, value: Any, kind: Any) -> Iterator[str]:
    """What msgspec says of a value; field by field where it has some, because msgspec stops at the first fault."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as fault:
        yield from list(_field_faults(place, value, kind)) or [f"{place}: {fault}"]


def _field_faults(place: str, value: Any, kind: Any) -> Iterator[str]:
    if not (isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return
    for field in msgspec.structs.fields(kind):
        if field.encode_name in value:
            yield from _faults_of(f"{place} {field.encode_name}", value[field.encode_name], field.type)


def _environment_names() -> set[str]:
    derived = {"config_file", "effective_tables"}  # set by `load_settings` from FXWATCH_CONFIG, nowhere else
    # the testbed's library is read by its own command (streams/testbed/library.py) and concerns no process
    others = {"FXWATCH_CONFIG", "FXWATCH_TESTBED_LIBRARY"}
    return {f"FXWATCH_{name.upper()}" for name in Settings.model_fields if name not in derived} | others


def _place(error: Any, path: str | None) -> str:
    """One of pydantic's errors with the place to mend."""
    name = ".".join(str(part) for part in error["loc"])
    variable = f"FXWATCH_{name.upper()}"
    place = f"environment {variable}" if variable in os.environ else f"{path}: {name}"
    if error["type"] == "extra_forbidden":
        return f"{place}: no such setting{_meant(name, [*Settings.model_fields, *EFFECTIVE])}"
    if name == "bootstrap":
        # the message shows what it got without a user's password
        return f"{place}: {error['msg'].removeprefix('Value error, ')}"
    # of a setting that may hold a secret (what a token command is given) nothing is repeated
    shown = "" if name in HIDDEN else f"; got: {error['input']!r}"
    return f"{place}: {error['msg']}{shown}"


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]}?" if close else ""


def read_configuration(path: Path) -> Configuration:
    """The effective configuration by a file's tables; its other settings are not looked at.

    Raises `ConfigurationError` with every fault.
    """
    tables = read_tables(path)
    known = [*Settings.model_fields, *EFFECTIVE]
    problems = [f"{name}: no such setting{_meant(name, known)}" for name in tables if name not in known]
    try:
        configuration = overlay_configuration(
            {name: tables[name] for name in EFFECTIVE if name in tables}, choose_pack(tables)
        )
    except ConfigurationError as fault:
        problems += fault.problems
    if problems:
        raise ConfigurationError("the configuration is not valid", problems, got=path, todo="mend each of these")
    return configuration


def load_settings(**overrides: Any) -> Settings:
    """Settings from `FXWATCH_CONFIG`, the environment and `overrides` (command-line options, which win).

    Raises `ConfigurationError` listing every problem at once.
    """
    problems: list[str] = []
    values: dict[str, Any] = {}
    path = os.environ.get("FXWATCH_CONFIG")
    if path:
        values = read_tables(Path(path)) | {"config_file": path}
    tables = {name: values.pop(name) for name in EFFECTIVE if name in values}
    known = _environment_names()
    problems += [
        f"environment {name}: no such setting{_meant(name, known)}"
        for name in sorted(os.environ)
        if name.startswith("FXWATCH_") and name not in known
    ]
    try:
        overlay_configuration(tables, choose_pack(values))
    except ConfigurationError as fault:
        problems += fault.problems
    settings = None
    try:
        settings = Settings(**values, effective_tables=tables)
    except ValidationError as fault:
        problems += [_place(error, path) for error in fault.errors()]
    if settings is not None:
        settings = settings.model_copy(update=overrides)
        problems += _security_problems(settings) + _sender_key_problems(settings)
    if problems or settings is None:
        raise ConfigurationError(
            "the configuration is not valid",
            problems,
            got=path or "environment only",
            todo="mend each of these, then look again: fxwatch doctor",
        )
    return settings


def _security_problems(settings: Settings) -> list[str]:
    """What is wrong with the security settings and their files; what is only unwise is logged."""
    from streams.kafka_access.security_faults import find_security_faults, find_security_warnings

    for warning in find_security_warnings(settings):
        logger.warning("%s", warning)
    return find_security_faults(settings)


def _sender_key_problems(settings: Settings) -> list[str]:
    """What is wrong with the file of senders' public keys, all of it."""
    if settings.sender_keys_file is None:
        return []
    from streams.keys.sender_key_file import load_sender_keys

    try:
        load_sender_keys(settings.sender_keys_file)
    except ConfigurationError as fault:
        return [f"FXWATCH_SENDER_KEYS_FILE, {settings.sender_keys_file}: {problem}" for problem in fault.problems]
    return []
