"""A worker process: checks before it starts, the Faust apps side by side, and a stop that always ends.

Before anything starts: keys, broker, topics, rules in force, web port. Each gives one clear message and a non-zero
exit.
"""

import asyncio
import contextlib
import gc
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import faust
from aiokafka.errors import KafkaError

from detectors.typologies import REGISTRY
from streams import application_claim, faults, health, identifiers, in_force, topics
from streams.errors import BrokerUnavailableError, ConfigurationError, FxwatchError
from streams.faust_collector import FaustMonitorCollector
from streams.kafka.denied import DENIED, not_authorized
from streams.kafka.refusals import REFUSALS
from streams.metrics import Metrics
from streams.pages import add_pages, listen, serve_on
from streams.sender_keys import SenderKeys
from streams.settings import Settings
from streams.showing import showable
from streams.version import code_version, versions
from streams.web_connections import raise_file_limit

logger = logging.getLogger(__name__)

Role = Literal["ingest", "monitor", "all"]

LAG_SECONDS = 1.0

# A library's message is written once in this time; the broker watch tells of an outage in a line of its own.
REPEAT_SECONDS = 30.0
# Messages made by f-strings are all different: forget rather than grow.
REMEMBERED_MESSAGES = 1000
# How long a thread may keep the interpreter from the event loop. Failure prevented: the loop asks for it back after
# each system call, and while two threads unpack snapshots that is up to 5 ms each by default (measured: 79 ms a round).
SWITCH_SECONDS = 0.0005


def run(settings: Settings, role: Role, *, log_level: str = "info", development_keys: bool = False) -> None:
    """Run a worker until it is stopped. Raises `FxwatchError` when it must not start; ends the process otherwise."""
    keys, sealer = _secrets(settings, role, development_keys=development_keys)
    senders = None if role == "monitor" else _senders(settings)
    held = topics.require(settings, *(("ingest", "monitor") if role == "all" else (role,)))
    # a monitor may not even describe the inputs
    inputs = [held[name] for name in topics.INPUTS if name in held] or [settings.effective.engine.partitions]
    off = in_force.switched_off(in_force.require(settings))
    application_claim.require(settings)
    raise_file_limit()
    listener = listen(settings.web_host, settings.web_port)
    settings = settings.model_copy(update={"web_port": listener.getsockname()[1]})
    _logging(log_level)
    if senders is not None:
        logger.info("%s", senders.told())
    if off:
        logger.warning("typologies that the configuration in force switches off: %s", ", ".join(off))
    loop = _event_loop()
    agents: dict[str, Any] = {}
    metrics = _metrics(settings, max(inputs), senders)
    broker = health.BrokerWatch(settings)
    if role in ("monitor", "all"):
        from streams.monitor import MonitorAgent

        agents["monitor"] = MonitorAgent(
            settings,
            metrics,
            broker,
            topic_id=topics.topic_id(settings, topics.LEDGER),
            code_version=code_version(),
            config_version=versions(settings.effective).config,
            web=True,
        )
    if role in ("ingest", "all"):
        from streams.door import Door
        from streams.ingest import IngestAgent

        metrics.sender_keys.labels("none" if senders is None else senders.fingerprint).set(
            0 if senders is None else len(senders.keys)
        )
        effective = settings.effective
        door = Door(keys, effective.engine.partitions, dict(effective.legend.words), effective.admitted, senders)
        agents["ingest"] = IngestAgent(settings, metrics, door, sealer, version=code_version(), web=role == "ingest",
                                       inputs=sum(inputs))  # fmt: skip
    serve_on(next(iter(agents.values())).app, listener)
    _run_apps(settings, loop, agents, metrics, broker)


def _run_apps(settings: Settings, loop: asyncio.AbstractEventLoop, agents: dict[str, Any], metrics: Metrics,
              broker: health.BrokerWatch) -> None:  # fmt: skip
    apps = [agent.app for agent in agents.values()]
    began = time.monotonic()

    def stalled() -> float:
        return max(time.monotonic() - max(float(agent.last_progress), began) for agent in agents.values())

    metrics.register(FaustMonitorCollector(*apps))
    watchdog = health.Watchdog(apps, stalled, broker)
    add_pages(apps[0], metrics, _asked(agents), watchdog, broker)

    async def prepare() -> list[asyncio.Future[Any]]:
        if "ingest" in agents:
            await agents["ingest"].start()
            agents["ingest"].conflicts.start()
        return _watching(agents, watchdog, broker)

    try:
        tasks = loop.run_until_complete(prepare())
    except KafkaError as fault:
        raise _not_started(fault) from fault
    # Modules and configuration live as long as the process: without freezing them and with the default thresholds the
    # collector walked them hundreds of times a second, 10-20 us an event (measured).
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    sys.setswitchinterval(SWITCH_SECONDS)
    watchdog.start()
    worker = _Process(*apps, loop=loop)
    logger.info("worker starts: %s; pages on http://%s:%d", ", ".join(agents), settings.web_host, settings.web_port)
    try:
        worker.serve()
    except KafkaError as fault:
        # not an outage: those are waited for; a consumer that cannot even begin has nothing to hold on to
        health.die(_not_started(fault))
    except BaseException as fault:  # noqa: BLE001  (whatever ended Faust: one message, non-zero, nothing committed)
        health.die(fault)
    watchdog.stopping = True
    for task in tasks:
        task.cancel()
    worker.finish()
    logger.info("worker stopped")


def _not_started(fault: KafkaError) -> FxwatchError:
    """Why the worker did not start: a right it lacks, a broker that refuses it, or one that went away."""
    if isinstance(fault, DENIED):
        return not_authorized("this worker lacks a right", fault)
    return REFUSALS.newest() or BrokerUnavailableError(
        "the broker went away while the worker started", got=repr(fault),
        todo="start it again when the broker is there")  # fmt: skip


def _asked(agents: dict[str, Any]) -> list[Any]:
    """Who says on /readyz why this worker is not ready: the agents, and the writer of conflicts' letters."""
    return [*agents.values(), *(agents[name].conflicts for name in agents if name == "ingest")]


def _watching(agents: dict[str, Any], watchdog: health.Watchdog, broker: health.BrokerWatch,
              die: Callable[[BaseException], Any] = health.die) -> list[asyncio.Future[Any]]:  # fmt: skip
    """The tasks beside Faust's. Nobody awaits them, so that one that ends ends the process."""
    works = [watchdog.heartbeat(), broker.run(), _observe_lag(list(agents.values()))]
    if "monitor" in agents:
        works.append(agents["monitor"].log.watch(die))
    return [health.background(one, die) for one in works]


class _Process(faust.Worker):  # type: ignore[misc]  # faust ships no types
    """Faust's worker without its front end: no logging set-up of its own, no spinner, no traceback, no debugger.

    Ctrl-C and SIGTERM both stop it in order; the exit code is then 0.
    """

    def __init__(self, *apps: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(*apps, loop=loop, quiet=True, redirect_stdouts=False)
        self.spinner = None  # it writes terminal escape codes into the log

    def serve(self) -> None:
        """Run until a signal has stopped everything. Raises whatever ended Faust otherwise."""
        self._starting_fut = asyncio.ensure_future(self.start(), loop=self.loop)
        with contextlib.suppress(asyncio.CancelledError):
            self.loop.run_until_complete(self._starting_fut)
        if self.crash_reason is not None:
            raise self.crash_reason

    def finish(self) -> None:
        """Complete the stop that a signal began, and close the loop."""
        self.stop_and_shutdown()

    def _setup_logging(self) -> None:
        pass

    def _on_sigint(self) -> None:
        self._on_sigterm()

    def _enter_debugger(self) -> None:
        logger.warning("SIGUSR2 is ignored: a worker has no terminal to debug on")


async def _observe_lag(agents: list[Any]) -> None:
    while True:
        for agent in agents:
            agent.observe_lag()
        await asyncio.sleep(LAG_SECONDS)


def _secrets(settings: Settings, role: Role, *, development_keys: bool) -> tuple[Any, Any]:
    """Pseudonym keys and the sealer of identities; the monitor role needs neither, so that it cannot have them."""
    if role == "monitor":
        return None, None
    from streams.identities import load_sealer
    from streams.pseudonyms import development_keys as fixed_keys
    from streams.pseudonyms import load_keys

    if settings.key_file is None and not development_keys:
        raise ConfigurationError("no pseudonym key file is configured", got="FXWATCH_KEY_FILE is not set",
                                 expected="a file of `key_id = 64 hex digits` lines",
                                 todo='write one, and keep it safe: (umask 077; echo "k1 = $(openssl rand -hex 32)" '
                                      "> keys.txt); export FXWATCH_KEY_FILE=keys.txt")  # fmt: skip
    keys = fixed_keys() if settings.key_file is None else load_keys(settings.key_file)
    if settings.seal_key_file is None:
        print(  # noqa: T201  (for the operator, whatever logging does)
            "fxwatch: FXWATCH_SEAL_KEY_FILE is not set: no identities are written, so tokens cannot be re-identified",
            file=sys.stderr,
        )
        return keys, None
    return keys, load_sealer(settings.seal_key_file)


def _senders(settings: Settings) -> SenderKeys | None:
    """Who must prove its records; None: nobody. Raises `ConfigurationError`."""
    if settings.sender_keys_file is None:
        return None
    from streams.sender_key_file import load_sender_keys

    return load_sender_keys(settings.sender_keys_file)


def _metrics(settings: Settings, input_partitions: int, senders: SenderKeys | None) -> Metrics:
    effective = settings.effective
    return Metrics(
        partitions=effective.engine.partitions,
        input_partitions=input_partitions,
        desks=sorted(effective.desks),
        typologies=[typology.id for typology in REGISTRY],
        topics=topics.INPUTS,
        codes=sorted(faults.CODES),
        detectors=sorted(effective.detectors.members),
        versions=versions(effective),
        institutions=[
            *(identifiers.DEFAULT.institution(name)[0] for name in effective.admitted.institutions),
            *(() if senders is None else senders.institutions),
        ],
    )


def _event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        from streams.kafka_connection import use_for_all_clients

        use_for_all_clients()
        loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def _logging(level: str) -> None:
    logging.basicConfig(level=level.upper(), stream=sys.stderr, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(ShowableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    libraries = ("faust", "mode", "aiokafka", "kafka", "streams.transport")
    if level == "debug":
        for noisy in libraries:
            logging.getLogger(noisy).setLevel(logging.NOTSET)  # a command's have been silenced
        return
    for noisy in libraries:
        # these log each rebalance and retry at INFO in paragraphs; what matters of it is logged here in one line
        logging.getLogger(noisy).setLevel(max(logging.getLogger().level, logging.WARNING))
    for handler in logging.getLogger().handlers:
        handler.addFilter(Repetitions())


class ShowableFormatter(logging.Formatter):
    """Whatever a message quotes, one record is one line of the log, or a line and indented ones below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (the library's name)
        """The line without control characters and direction marks."""
        return showable(super().formatMessage(record)).replace("\n", "\n    ")


class Repetitions(logging.Filter):
    """A library's message passes once in `REPEAT_SECONDS`; in an outage aiokafka writes 200 lines a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._passed: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record. Ours always; a library's by logger and message template."""
        if record.name.startswith("streams"):
            return True
        kind, now = (record.name, str(record.msg)), self._clock()
        passed = self._passed.get(kind)
        if passed is not None and now - passed < REPEAT_SECONDS:
            return False
        if len(self._passed) > REMEMBERED_MESSAGES:
            self._passed.clear()
        self._passed[kind] = now
        return True
