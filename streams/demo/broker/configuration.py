"""What one KRaft node is configured with: `server.properties` and the log of the broker itself."""

from collections.abc import Mapping

MESSAGE_BYTES = 2 * 1024 * 1024
"""Largest record batch. A dead letter may hold 1 MiB of original bytes and its headers (CONTRACT, fx.deadletter.v1)."""

LOG4J = """\
Configuration:
  status: WARN
  Appenders:
    RollingFile:
      name: File
      fileName: server.log
      filePattern: server.log.%i
      PatternLayout:
        pattern: "[%d] %p %m (%c)%n"
      SizeBasedTriggeringPolicy:
        size: 10 MB
      DefaultRolloverStrategy:
        max: 3
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        ref: File
"""
"""The broker's own log: `server.log`, at most 40 MB with the rolled ones."""


def server_properties(
    *, node: int, port: int, controller_port: int, voters: Mapping[int, int], extra: Mapping[str, str]
) -> str:
    """The text of `server.properties` for a broker and controller in one process, on the loopback interface.

    `voters` maps the node id of every controller to its port. Paths are relative to the directory the JVM runs in, so
    that the directory can be copied. `extra` overrides and adds.
    """
    replicas = min(3, len(voters))
    properties = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": ",".join(f"{voter}@127.0.0.1:{at}" for voter, at in sorted(voters.items())),
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": "data",
        "auto.create.topics.enable": "false",
        "message.max.bytes": MESSAGE_BYTES,
        "replica.fetch.max.bytes": MESSAGE_BYTES,
        # internal topics as small as one machine needs: the defaults of 50 partitions cost seconds at every start
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": max(1, replicas - 1),
        "transaction.state.log.num.partitions": 3,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": max(1, replicas - 1),
        "share.coordinator.state.topic.num.partitions": 3,
        # the first worker need not wait for others; its group is rebalanced when they come
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 6000,
        # a broker killed and started again is refused until its old session ends; the default of 9 s is 9 s of waiting
        "broker.session.timeout.ms": 4000,
        "broker.heartbeat.interval.ms": 500,
        # the default of 128 MiB is a third of the heap; 16 MiB cleans 600 000 keys at a time
        "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
        # a machine of two cores that also runs the workers; the defaults are for a server
        "num.network.threads": 2,
        "num.io.threads": 4,
        "background.threads": 4,
    }
    return "".join(f"{name}={value}\n" for name, value in {**properties, **extra}.items())
