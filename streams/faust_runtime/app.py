"""Faust apps, configured once for every agent.

The consumer group belongs to the agent, so roles mix freely over machines.
"""

import tempfile
from pathlib import Path
from typing import Any

import faust

from streams.kafka import clients
from streams.kafka.agent_names import AgentNames
from streams.kafka.security import faust_credentials
from streams.settings import Settings


def build(settings: Settings, agent: str, *, web: bool) -> faust.App:
    """A Faust app for `agent`. `web`: whether it serves the metrics and health pages."""
    group = AgentNames(settings.application, agent).group
    return faust.App(
        group,
        broker=";".join(f"kafka://{address}" for address in settings.bootstrap_servers),
        broker_credentials=faust_credentials(settings),
        autodiscover=False,
        # Faust keeps nothing here (no Tables, DESIGN section 3) but insists on a directory.
        datadir=str(Path(tempfile.gettempdir()) / group),
        topic_partitions=settings.effective.engine.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        # Faust's own assignor, which it only uses with a standby count: it gives partition i of every input topic to
        # one worker, and order between topics can only be kept within a worker.
        table_standby_replicas=1,
        # A failed run is redelivered from here on; `earliest` because nothing may be skipped when nothing was
        # committed.
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=max(1.0, settings.session_timeout_seconds / 5),
        broker_rebalance_timeout=60.0,
        broker_request_timeout=90.0,
        consumer_metadata_max_age_ms=clients.METADATA_AGE_MS,
        # Replay may keep a partition from being read for minutes; liveness is the watchdog's business, not the group's.
        broker_max_poll_interval=24 * 3600.0,
        web_enabled=web,
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.web_port,
        # Faust shows tables and the router without authentication.
        web_tables_enabled=False,
        web_router_enabled=False,
        web_cors_options=None,
        worker_redirect_stdouts=False,
        logging_config=None,
    )


def raw_topic(app: faust.App, *names: str) -> Any:
    """A Faust topic of raw bytes: a decode error in Faust would ack and lose the event."""
    return app.topic(*names, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")
