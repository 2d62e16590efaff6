"""A broker's connection that breaks under uvloop as it does under asyncio.

Between the end of a connection and the moment its reader is told, asyncio lets a request be written into the void and
uvloop raises `RuntimeError`, which aiokafka expects nowhere (aiokafka issue 1038). Failure prevented: the producer's
sender ended with it, every batch failed for good, and one reset connection ended the worker.
"""

from typing import Any

from aiokafka import conn
from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError, KafkaError


class Connection(AIOKafkaConnection):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's own, whose `send` says that the connection is broken where its transport is closed."""

    def send(self, request: Any, expect_response: bool = True) -> Any:
        """Write a request; returns what awaits the answer. Raises `KafkaConnectionError`, which is retried."""
        writer = self._writer
        try:
            return super().send(request, expect_response)
        except KafkaError:  # a RuntimeError, too
            raise
        except RuntimeError as fault:
            if writer is None or not writer.transport.is_closing():
                raise
            self.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {self._host}:{self._port} broken: {fault}") from fault


def use_for_all_clients() -> None:
    """Let every client of this process connect so: aiokafka has no setting for the class of its connections."""
    conn.AIOKafkaConnection = Connection
