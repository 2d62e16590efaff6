"""The embedded broker: real Apache Kafka, one KRaft node from locked jars, without Docker (DESIGN section 8)."""

from streams.demo.broker.directory import Running, find_running, stop_running
from streams.demo.broker.node import EmbeddedBroker

__all__ = ["EmbeddedBroker", "Running", "find_running", "stop_running"]
