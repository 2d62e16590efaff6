"""A worker process: checks before it starts, the Faust apps side by side, and a stop that always ends.

Before anything starts: keys, broker, topics, rules in force, web port. Each gives one clear message and a non-zero
exit.
"""

import asyncio
import contextlib
import gc
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import faust
from aiokafka.errors import KafkaError

from detectors.configuration_approval import approvers_of
from detectors.typologies import all_rules
from streams.contracts import identifiers, refusal_codes
from streams.errors import BrokerUnavailableError, ConfigurationError, FxwatchError
from streams.faust_runtime.faust_metrics import FaustMonitorCollector
from streams.kafka import topics
from streams.kafka.agent_names import INGEST
from streams.kafka.denied import DENIED, make_not_authorized_error
from streams.kafka.refusals import REFUSALS
from streams.keys.sender_keys import SenderKeys
from streams.ledger import configuration_in_force
from streams.log import logs
from streams.log.announcements import Announcements
from streams.operations import health
from streams.operations.metrics import Metrics
from streams.operations.startup_page import StartupFacts
from streams.operations.stops_told import StopsTold, describe_stops
from streams.operations.web_connections import raise_file_limit
from streams.operations.web_pages import add_pages, listen, serve_on
from streams.partition import application_claim
from streams.partition.agent_parameters import AgentParameters
from streams.partition.stateful_agent import StatefulAgent
from streams.settings import Settings
from streams.version import code_version, versions

logger = logs.get_logger(__name__)

Role = Literal["ingest", "monitor", "shared", "all"]

LAG_SECONDS = 1.0

# How long a thread may keep the interpreter from the event loop. Failure prevented: the loop asks for it back after
# each system call, and while two threads unpack snapshots that is up to 5 ms each by default (measured: 79 ms a round).
SWITCH_SECONDS = 0.0005


def run(settings: Settings, role: Role, *, development_keys: bool = False) -> None:
    """Run a worker until it is stopped. Raises `FxwatchError` when it must not start; ends the process otherwise."""
    began = time.monotonic()
    logs.set_up(settings.log_format, settings.log_level)
    roles = ("ingest", "monitor", "shared") if role == "all" else (role,)
    keys, sealer = _secrets(settings, role, development_keys=development_keys)
    senders = _senders(settings) if "ingest" in roles else None
    held = topics.require(settings, *roles)
    # an agent that learns may not even describe the inputs
    inputs = [held[name] for name in topics.INPUTS if name in held] or [settings.effective.engine.partitions]
    ruling = configuration_in_force.require(settings)
    off = configuration_in_force.list_switched_off(ruling)
    if "monitor" in roles:
        from streams.monitor.compiled_models import prepare_models

        # before the claim and the pages: until it is done, nobody is told that this worker is there
        prepare_models([name for one in (ruling.detectors, *ruling.challenging.values()) for name in one.members])
    application_claim.require(settings)
    raise_file_limit()
    listener = listen(settings.web_host, settings.web_port)
    settings = settings.model_copy(update={"web_port": listener.getsockname()[1]})
    logs.hear_libraries(settings.log_level)
    if senders is not None:
        logger.info("%s", senders.describe())
    if not approvers_of(ruling):
        logger.warning(
            "development mode: the configuration in force names no [approvers], so one person alone can change the "
            "rules (docs/CONFIGURATION.md)"
        )
    if off:
        logger.warning("typologies that the configuration in force switches off: %s", ", ".join(off), typologies=off)
    for line in describe_stops(ruling):
        logger.warning("%s", line)
    loop = _event_loop()
    agents: dict[str, Any] = {}
    metrics = _metrics(settings, max(inputs), senders, roles)
    broker = health.BrokerWatch(settings)
    if "monitor" in roles:
        from streams.monitor.agent import MONITOR_AGENT

        agents["monitor"] = stateful_agent(MONITOR_AGENT, settings, metrics, broker, web=True)
    if "shared" in roles:
        from streams.shared.agent import SHARED_AGENT

        agents["shared"] = stateful_agent(SHARED_AGENT, settings, metrics, broker, web=not agents)
    if "ingest" in roles:
        agents["ingest"] = _ingest_agent(
            settings, metrics, keys, sealer, senders, web=role == "ingest", inputs=sum(inputs)
        )
    serve_on(next(iter(agents.values())).app, listener)
    pages = f"http://{settings.web_host}:{settings.web_port}"
    run_agents(loop, agents, metrics, broker, Announcements(agents, _asked(agents, metrics, broker), pages, began))


def stateful_agent(
    parameters: AgentParameters[Any], settings: Settings, metrics: Metrics, broker: health.BrokerWatch, *, web: bool
) -> StatefulAgent[Any]:
    """An agent of this release on its input topic as it is now. `web`: whether its Faust app serves the pages."""
    return StatefulAgent(
        parameters,
        settings,
        metrics,
        broker,
        topic_id=topics.read_topic_id(settings, parameters.identity.input_topic),
        code_version=code_version(),
        config_version=versions(settings.effective).config,
        web=web,
    )


def _ingest_agent(
    settings: Settings, metrics: Metrics, keys: Any, sealer: Any, senders: SenderKeys | None, *, web: bool, inputs: int
) -> Any:
    """The agent that reads the inputs, `inputs` partitions in all; only its role imports it, and holds keys."""
    from streams.ingest.agent import IngestAgent
    from streams.ingest.door import Door

    metrics.sender_keys.labels("none" if senders is None else senders.fingerprint).set(
        0 if senders is None else len(senders.keys)
    )
    effective = settings.effective
    door = Door(keys, effective.engine.partitions, dict(effective.legend.words), effective.admitted, senders)
    return IngestAgent(settings, metrics, door, sealer, version=code_version(), web=web, inputs=inputs)


def run_agents(
    loop: asyncio.AbstractEventLoop,
    agents: dict[str, Any],
    metrics: Metrics,
    broker: health.BrokerWatch,
    announcements: Announcements,
) -> None:
    """Run agents side by side until a signal stops them; the first one's app serves the pages of all."""
    apps = [agent.app for agent in agents.values()]
    began = time.monotonic()

    def stalled() -> float:
        return max(time.monotonic() - max(float(agent.last_progress), began) for agent in agents.values())

    metrics.register(FaustMonitorCollector(*apps))
    watchdog = health.Watchdog(apps, stalled, broker)
    add_pages(apps[0], metrics, _asked(agents, metrics, broker), watchdog, broker, partial(_startup, agents))

    async def prepare() -> list[asyncio.Future[Any]]:
        if "ingest" in agents:
            await agents["ingest"].start()
            agents["ingest"].conflicts.start()
        return [*_watching(agents, watchdog, broker), health.start_in_background(announcements.run())]

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
    worker = _Process(*apps, loop=loop, told_to_stop=announcements.announce_stopping)
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
    announcements.announce_stopped()


def _startup(agents: dict[str, Any]) -> StartupFacts:
    """What the monitor of this process has learned; nothing where none runs here."""
    if "monitor" not in agents:
        return StartupFacts(outlook=None, learned={})
    from streams.monitor.startup import startup_facts

    held = agents["monitor"].partitions.values()
    return startup_facts([partition.state for partition in held if partition.state is not None])


def _not_started(fault: KafkaError) -> FxwatchError:
    """Why the worker did not start: a right it lacks, a broker that refuses it, or one that went away."""
    if isinstance(fault, DENIED):
        return make_not_authorized_error("this worker lacks a right", fault)
    return REFUSALS.newest() or BrokerUnavailableError(
        "the broker went away while the worker started", got=repr(fault), todo="start it again when the broker is there"
    )


def _asked(agents: dict[str, Any], metrics: Metrics, broker: health.BrokerWatch) -> list[Any]:
    """Who says why this worker is not ready, or notes something: broker watch, agents, writer of conflicts' letters."""
    letters = [agents[name].conflicts for name in agents if name == "ingest"]
    return [broker, *agents.values(), *letters, StopsTold(metrics)]


def _watching(
    agents: dict[str, Any],
    watchdog: health.Watchdog,
    broker: health.BrokerWatch,
    die: Callable[[BaseException], Any] = health.die,
) -> list[asyncio.Future[Any]]:
    """The tasks beside Faust's. Nobody awaits them, so that one that ends ends the process."""
    works = [watchdog.heartbeat(), broker.run(), _observe_lag(list(agents.values()))]
    works += [agent.log.watch(die) for agent in agents.values() if isinstance(agent, StatefulAgent)]
    return [health.start_in_background(one, die) for one in works]


class _Process(faust.Worker):  # type: ignore[misc]  # faust ships no types
    """Faust's worker without its front end: no logging set-up of its own, no spinner, no traceback, no debugger.

    Ctrl-C and SIGTERM both stop it in order; the exit code is then 0.
    """

    def __init__(self, *apps: Any, loop: asyncio.AbstractEventLoop, told_to_stop: Callable[[], None]) -> None:
        super().__init__(*apps, loop=loop, quiet=True, redirect_stdouts=False)
        self._told_to_stop = told_to_stop
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

    async def _stop_children(self) -> None:
        """Stop all apps at once. One after the other, each leaves its group and saves while the others still work.

        Measured with three agents under load: 5.8 s one after the other.
        """
        await asyncio.gather(*(self._stop_child(child) for child in self._children if child is not None))

    async def _stop_child(self, child: Any) -> None:
        try:
            await asyncio.shield(child.stop())
        except Exception as fault:  # noqa: BLE001  (the others are stopped all the same)
            logger.warning("a part of the worker did not stop cleanly: %r", fault, fault=fault)

    def _setup_logging(self) -> None:
        pass

    def _on_sigterm(self) -> None:
        self._told_to_stop()
        super()._on_sigterm()

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
    """Pseudonym keys and the sealer of identities; a role that learns needs neither, so that it cannot have them."""
    if role in ("monitor", "shared"):
        return None, None
    from streams.keys.pseudonyms import NEW_KEY, load_keys
    from streams.keys.pseudonyms import development_keys as fixed_keys
    from streams.keys.sealed_identities import load_sealer

    if settings.key_file is None and not development_keys:
        raise ConfigurationError(
            "no pseudonym key file is configured",
            got="FXWATCH_KEY_FILE is not set",
            expected="a file of `key_id = 64 hex digits` lines",
            todo=f"write one, and keep it safe: {NEW_KEY}; export FXWATCH_KEY_FILE=FILE",
        )
    keys = fixed_keys() if settings.key_file is None else load_keys(settings.key_file)
    if settings.seal_key_file is None:
        logger.info("FXWATCH_SEAL_KEY_FILE is not set: no identities are written, so tokens cannot be re-identified")
        return keys, None
    return keys, load_sealer(settings.seal_key_file)


def _senders(settings: Settings) -> SenderKeys | None:
    """Who must prove its records; None: nobody. Raises `ConfigurationError`."""
    if settings.sender_keys_file is None:
        return None
    from streams.keys.sender_key_file import load_sender_keys

    return load_sender_keys(settings.sender_keys_file)


def _metrics(
    settings: Settings,
    input_partitions: int,
    senders: SenderKeys | None,
    agents: tuple[str, ...] = ("ingest", "monitor", "shared"),
) -> Metrics:
    # the agents that run here: a monitor that showed ingest's partitions as not held, and it cannot know how many there
    # are, would be twelve alerts when ingest is gone
    effective = settings.effective
    return Metrics(
        partitions=effective.engine.partitions,
        input_partitions=input_partitions,
        desks=sorted(effective.desks),
        typologies=[typology.id for typology in all_rules()],
        topics=topics.INPUTS,
        codes=sorted(refusal_codes.CODES),
        detectors=sorted(effective.detectors.members),
        versions=versions(effective),
        agents=agents,
        stateful=[name for name in agents if name != INGEST],
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
        from streams.kafka.connection import use_for_all_clients

        use_for_all_clients()
        loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
