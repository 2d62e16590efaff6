"""A worker that is killed (kill -9) between writing to a topic and committing: `python -m` this, then a role.

It kills itself when the broker has acknowledged a record for the topic and its transaction is still open. No test that
looks from outside could choose that moment. The topic is `fx.learning.v1`, or what DIES_WRITING_TO says.
"""

import os
import signal
from typing import Any

from streams.cli import main
from streams.kafka import topics
from streams.partition.outputs import PartitionOutputs


def die_telling() -> None:
    """Have this process die in the first transaction that writes to the topic."""
    topic = os.environ.get("DIES_WRITING_TO", topics.LEARNING)
    send = PartitionOutputs._send

    async def sent(self: PartitionOutputs, producer: Any, outputs: list[Any], position: int) -> Any:
        writes = await send(self, producer, outputs, position)
        if any(one.topic == topic for one in outputs):
            await self.outstanding.wait_acknowledged(writes)
            os.kill(os.getpid(), signal.SIGKILL)
        return writes

    PartitionOutputs._send = sent  # type: ignore[method-assign]


if __name__ == "__main__":
    die_telling()
    main()
