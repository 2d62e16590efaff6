"""The answers of brokers to fetches, kept for what aiokafka forgets: where a partition holds no more records.

Three facts are lost otherwise. A partition may end in offsets that no record has, because compaction took them: then
the position never reaches the end, and only an empty answer says that nothing is left to deliver. A broker that cannot
read its own log answers with an error at once: aiokafka asks again without a pause, some thousand times a second. And
where records were deleted unread, aiokafka reads on at the log's start and tells nobody where it had stopped.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from aiokafka.errors import OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

# Between two fetches of which the first brought nothing but errors.
PAUSE_SECONDS = 0.2


class Refused(NamedTuple):
    """A partition that a broker does not serve: its error, and since when (seconds, monotonic)."""

    error: str
    since: float


class FetchAnswers:
    """Stands between a fetcher and its client. Runs in the consumer's thread; its dictionaries are read from others."""

    def __init__(self, client: Any, lost: Callable[[TopicPartition, int], None] = lambda _tp, _offset: None) -> None:
        self._client, self._lost = client, lost
        # position at which an answer without a single record was given, and the end it was given for
        self.nothing: dict[TopicPartition, tuple[int, int]] = {}
        self.refused: dict[TopicPartition, Refused] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(self, node_id: Any, request: Any, **options: Any) -> Any:
        """As the client's; what a fetch brought is noted."""
        answer = await self._client.send(node_id, request, **options)
        if isinstance(request, FetchRequest) and self._note(request, answer):
            await asyncio.sleep(PAUSE_SECONDS)
        return answer

    def _note(self, request: Any, answer: Any) -> bool:
        """Note the answer; returns whether it brought errors and nothing else."""
        asked = {(topic, partition): offset for topic, places in request.topics for partition, offset, *_ in places}
        errors = records = 0
        ends = {}
        for topic, places in answer.topics:
            for partition, code, highwater, *rest in places:
                tp = TopicPartition(topic, partition)
                if code:
                    errors += 1
                    if code == OffsetOutOfRangeError.errno and tp in asked:
                        self._lost(tp, asked[tp])
                    known = self.refused.get(tp)
                    self.refused[tp] = Refused(for_code(code).__name__, known.since if known else time.monotonic())
                    continue
                self.refused.pop(tp, None)
                records += len(rest[-1] or b"")
                stable = int(rest[0])
                ends[tp] = stable if stable >= 0 else int(highwater)
        # One record is enough to say nothing of the others: an answer is full after some.
        if not records and not errors:
            self.nothing.update({tp: (asked[tp], end) for tp, end in ends.items() if tp in asked})
        return bool(errors) and not records


def watch_answers(consumer: Any, lost: Callable[[TopicPartition, int], None]) -> FetchAnswers:
    """Let a consumer that has started note what its fetches bring.

    `lost` is told each offset at which a broker refused to read on, before anything behind it is fetched.
    """
    fetcher = consumer._fetcher  # noqa: SLF001  (aiokafka has no hook for it)
    answers = FetchAnswers(fetcher._client, lost)  # noqa: SLF001
    fetcher._client = answers  # noqa: SLF001
    return answers
