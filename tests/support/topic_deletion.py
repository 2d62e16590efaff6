"""Deleting topics, for tests that begin with none or take one away."""

import time
from contextlib import closing

from kafka import KafkaAdminClient

DELETED_SECONDS = 90.0


def delete_topics(bootstrap: str, *names: str) -> None:
    """Delete topics, every one but Kafka's own where none is named, and wait until they are gone."""
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap.split(","))) as admin:
        chosen = set(names) or {name for name in admin.list_topics() if not name.startswith("__")}
        if chosen:
            admin.delete_topics(sorted(chosen))
        deadline = time.monotonic() + DELETED_SECONDS
        while chosen & set(admin.list_topics()):  # a broker shows the deletion a moment after it was accepted
            assert time.monotonic() < deadline, "deleted topics are still there"
            time.sleep(0.05)
