"""`fxwatch doctor`: what this machine has and lacks, each with what to do."""

import importlib.util
import json
import platform
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from detectors.ranking.outlook import Outlook, outlook
from streams.errors import ConfigurationError, FxwatchError, NotAuthorizedError
from streams.installation import extras
from streams.plain_text.printable import say, say_json
from streams.settings import Settings, load_settings

OLDEST_PYTHON = (3, 11)  # pyproject.toml, requires-python


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report. `needed`: without it a command that this machine is set up for cannot work."""

    name: str
    ok: bool
    found: str
    needed: bool = True
    todo: str = ""


def _failed(name: str, fault: FxwatchError, *, needed: bool = True) -> Check:
    found = "; ".join([fault.what, *getattr(fault, "problems", [])])
    if fault.got is not None:
        found += f"; got: {fault.got}"
    return Check(name=name, ok=False, found=found, needed=needed, todo=fault.todo or "mend it")


def python() -> Check:
    """Python 3.11 or newer."""
    return Check(
        name="python",
        ok=sys.version_info >= OLDEST_PYTHON,
        found=platform.python_version(),
        todo="install Python 3.11 or newer, then: make setup",
    )


def configuration() -> tuple[Check, Settings | None]:
    """The configuration file and the environment; the settings when they are valid."""
    try:
        settings = load_settings()
    except ConfigurationError as fault:
        return _failed("configuration", fault), None
    return Check(name="configuration", ok=True, found=str(settings.config_file or "defaults and environment")), settings


def java(*, needed: bool) -> Check:
    """A Java runtime for the embedded broker."""
    from streams.demo.broker.java import find_java

    try:
        path, version = find_java()
    except FxwatchError as fault:
        return _failed("java", fault, needed=needed)
    return Check(name="java", ok=True, found=f"{version} at {path}")


def jars() -> Check:
    """The embedded broker's jars in the cache. Never needed: the first start fetches what is missing."""
    from streams.demo.broker.jars import cache_directory, read_lock

    lock, cache = read_lock(), cache_directory()
    cached = sum(jar.path(cache).exists() for jar in lock)
    return Check(
        name="jars",
        ok=cached == len(lock),
        needed=False,
        found=f"{cached} of {len(lock)} in {cache}",
        todo="nothing: fxwatch broker start fetches and verifies them (45 MB, once)",
    )


def broker_and_topics(settings: Settings) -> list[Check]:
    """Whether a broker answers, and whether its topics are as the topic table says.

    A broker is needed where one was named, and where the extra `demo` is not installed; otherwise `fxwatch demo` and
    `fxwatch broker start` bring their own.
    """
    from streams.kafka import security, topics

    named = "bootstrap" in settings.model_fields_set or bool(extras.find_missing("demo"))
    broker = Check(name="broker", ok=True, found=f"{settings.bootstrap} ({security.describe_access(settings)})")
    try:
        with topics.connect(settings) as admin:
            differences = topics.find_differences(admin, settings)
    except NotAuthorizedError:
        # the operator alone may; whoever else has let this machine in has done all that is needed
        found = "not looked at: this client may not describe them all"
        return [
            broker,
            Check(
                name="topics",
                ok=False,
                needed=False,
                found=found,
                todo="nothing, or as the operator: fxwatch topics diff",
            ),
        ]
    except FxwatchError as fault:
        unseen = Check(name="topics", ok=False, needed=False, found="not looked at", todo="see broker")
        return [_failed("broker", fault, needed=named), unseen]
    shown = f"{len(differences)} differences from the topic table" if differences else "as the topic table says"
    return [broker, Check(name="topics", ok=not differences, found=shown, todo="fxwatch topics apply")]


def volume(settings: Settings, now: datetime) -> tuple[Outlook | None, list[Check]]:
    """When ranks become useful at this deployment's volume: never needed, because rules alert whatever it is."""
    from streams.desk.volume import read_learned, read_volume
    from streams.operations.outlook_words import advice, sentences

    try:
        seen, learned = read_volume(settings, now), read_learned(settings)
    except FxwatchError as fault:
        return None, [_failed("volume", fault, needed=False)]
    effective = settings.effective
    found = outlook(effective.detectors, effective.engine.partitions, seen.payments_a_day, learned)
    told = list(sentences(found))
    days = ", ".join(f"{day} {count:,}" for day, count in seen.days.items())
    first = f"{told[1]} By day: {days}; today so far {seen.today:,}."
    ranks = Check(
        name="ranks",
        ok=not found.advice,
        needed=False,
        found=" ".join([told[0], *told[2:]]),
        todo="; ".join(advice(found)),
    )
    return found, [Check(name="volume", ok=True, found=first), ranks]


def key_file(settings: Settings) -> Check:
    """The pseudonym keys. Needed as soon as a file is named; an ingest worker starts only with one."""
    from streams.keys.pseudonyms import load_keys

    try:
        keys = load_keys(settings.key_file)
    except FxwatchError as fault:
        return _failed("key file", fault, needed=settings.key_file is not None)
    return Check(name="key file", ok=True, found=f"{settings.key_file}, current key {keys.current.id}")


def seal_key_file(settings: Settings) -> Check:
    """The public key that identities are sealed to."""
    path = settings.seal_key_file
    if path is None:
        return Check(
            name="seal key",
            ok=False,
            needed=False,
            found="none: nothing is written to fx.identities.v1",
            todo="set FXWATCH_SEAL_KEY_FILE where alerts must be re-identified",
        )
    from streams.keys.sealed_identities import load_sealer

    try:
        sealer = load_sealer(path)
    except FxwatchError as fault:
        return _failed("seal key", fault, needed=True)
    return Check(name="seal key", ok=True, found=f"{path}, key {sealer.key_id}")


def sender_keys(settings: Settings) -> Check:
    """Whose records must be signed. A file with faults is told under configuration."""
    path = settings.sender_keys_file
    if path is None:
        return Check(
            name="sender keys",
            ok=False,
            needed=False,
            found="none: no record has to be signed",
            todo="set FXWATCH_SENDER_KEYS_FILE where not everybody who may write to an input is trusted with "
            "every institution's name (docs/SECURITY.md)",
        )
    from streams.keys.sender_key_file import load_sender_keys

    try:
        senders = load_sender_keys(path)
    except FxwatchError as fault:
        return _failed("sender keys", fault, needed=True)
    silenced = senders.find_silenced(datetime.now(UTC))
    found = f"{path}, {senders.describe()}" + (f"; no valid key: {', '.join(silenced)}" if silenced else "")
    return Check(name="sender keys", ok=not silenced, found=found, todo="put their next keys into the file")


def promtool() -> Check:
    """Prometheus' checker; only a test uses it."""
    beside = str(Path(sys.executable).parent)
    found = shutil.which("promtool", path=beside) or shutil.which("promtool")
    return Check(
        name="promtool",
        ok=found is not None,
        needed=False,
        found=found or "none",
        todo="make promtool, to have the Prometheus rules tested",
    )


def uvloop() -> Check:
    """The faster event loop."""
    found = importlib.util.find_spec("uvloop") is not None
    shown = "installed" if found else "none: asyncio's own loop is used"
    return Check(name="uvloop", ok=found, needed=False, found=shown, todo="python -m pip install uvloop")


def extra(name: extras.Extra) -> Check:
    """The libraries of an extra. A worker needs none of them."""
    lacking = extras.find_missing(name)
    found = f"not installed: {', '.join(lacking)}" if lacking else "installed"
    todo = f"nothing on a worker's machine; for {extras.PURPOSES[name]}: {extras.install(name)}"
    return Check(name=f"extra {name}", ok=not lacking, needed=False, found=found, todo=todo)


def checks() -> Iterator[Check]:
    """All checks, those that others depend on first."""
    yield python()
    checked, settings = configuration()
    yield checked
    broker = broker_and_topics(settings) if settings else []
    embedded = extra("demo")
    yield java(needed=embedded.ok and not any(check.ok for check in broker if check.name == "broker"))
    yield jars()
    yield from broker
    if settings:
        yield key_file(settings)
        yield seal_key_file(settings)
        yield sender_keys(settings)
    yield embedded
    yield extra("testbed")
    yield uvloop()
    yield promtool()


def _examine() -> tuple[list[Check], Outlook | None]:
    """All checks, and the outlook where a broker with all topics was found."""
    report, found = list(checks()), None
    ready = {check.name for check in report if check.ok}
    if {"broker", "topics", "configuration"} <= ready:
        settings = configuration()[1]
        assert settings is not None  # it was valid a moment ago
        found, more = volume(settings, datetime.now(UTC))
        report += more
    return report, found


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """Say what this machine has and lacks, and what to do about it. Exit code 1 when something needed lacks.

    Needed: Python, a valid configuration, the files it names, a broker where FXWATCH_BOOTSTRAP names one (with the
    right topics), and Java where no broker answers and the extra `demo` is installed.

    Where a broker with the topics answers, it says too how many payments a day come, when ranks become useful, how
    coarse they are now, and how many statistical alerts a day come by chance.

    Example: fxwatch doctor
    """
    report, found = _examine()
    lacking = [check for check in report if check.needed and not check.ok]
    if as_json:
        told = {"outlook": msgspec.to_builtins(found)} if found is not None else {}
        say_json(json.dumps({"ok": not lacking, "checks": msgspec.to_builtins(report), **told}))
    else:
        for check in report:
            state = "ok" if check.ok else "MISSING" if check.needed else "absent"
            say(f"{state:<9}{check.name:<15}{check.found}" + ("" if check.ok else f"; to do: {check.todo}"))
    context.exit(1 if lacking else 0)
