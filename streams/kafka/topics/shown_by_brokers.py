"""Whether all brokers of a cluster show a change that its controller accepted."""

import time
from collections.abc import Callable

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

LONGEST_SECONDS = 15.0
"""A broker shows a change some 100 ms after the controller accepted it; a busy cluster takes seconds."""

SHOWN_SECONDS = 1.0
"""Each broker answers from its own copy of the metadata, and the client asks any one of them. So where there are
several, a change counts as shown when no look of this long misses it."""

_LOOK_SECONDS = 0.1


def count_brokers(admin: KafkaAdminClient) -> int:
    """The brokers that serve; one that is starting or was lost is fenced."""
    return sum(not broker.get("is_fenced", False) for broker in admin.describe_cluster()["brokers"])


def wait_until_shown(admin: KafkaAdminClient, look: Callable[[], bool]) -> bool:
    """Look again and again until every look of `SHOWN_SECONDS` shows the change; False after `LONGEST_SECONDS`.

    On one broker a single look is enough. A broker that has not heard of a new topic answers some requests with a
    retriable `KafkaError`, which counts as a look that misses it. Raises `KafkaError` when it is another one, and when
    the last look of all got a retriable one.
    """
    deadline = time.monotonic() + LONGEST_SECONDS
    wanted = SHOWN_SECONDS if count_brokers(admin) > 1 else 0.0
    since: float | None = None
    while True:
        shown, fault = _try(look)
        now = time.monotonic()
        since = (now if since is None else since) if shown else None
        if since is not None and now - since >= wanted:
            return True
        if now >= deadline:
            if fault is not None:
                raise fault
            return False
        time.sleep(_LOOK_SECONDS)


def _try(look: Callable[[], bool]) -> tuple[bool, KafkaError | None]:
    try:
        return look(), None
    except KafkaError as fault:
        if not fault.retriable:
            raise
        return False, fault
