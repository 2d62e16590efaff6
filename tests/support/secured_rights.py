"""What each role may do on a secured cluster, written down by hand, and how a command that may not is told."""

from streams.kafka import topics

READABLE = {
    "ingest": {*topics.INPUTS, topics.LEDGER, topics.NOTICES, topics.PROGRESS, topics.CLOCK},
    "monitor": {topics.RULES, topics.LEDGER, topics.PROGRESS, topics.SNAPSHOTS},
    "shared": {topics.RULES, topics.LEDGER, topics.LEGS, topics.PROGRESS, topics.SNAPSHOTS},
    "investigator": {topics.ALERTS, topics.LEDGER, topics.LEGS, topics.DISPOSITIONS, topics.OPEN_ITEMS, topics.SCREENS},
    "console": {topics.ALERTS, topics.AUDIT, topics.OPEN_ITEMS, topics.SCREENS},
    "operator": {
        topics.RULES,
        topics.LEDGER,
        topics.LEGS,
        topics.ALERTS,
        topics.SCREENS,
        topics.SHADOW,
        topics.PROGRESS,
        topics.SNAPSHOTS,
    },
    "deadletter": {topics.DEADLETTER},
    "reconciler": {
        *topics.INPUTS,
        topics.LEDGER,
        topics.DEADLETTER,
        topics.LEGS,
        topics.IDENTITIES,
        topics.ALERTS,
        topics.PROGRESS,
        topics.OPEN_ITEMS,
        topics.SCREENS,
    },
    "reidentifier": {topics.IDENTITIES, topics.AUDIT},
    "auditor": {topics.AUDIT},
    "bank": set(),
    "customs": set(),
    "rate-feed": set(),
    "register": set(),
    "sender": set(),
}
WRITABLE = {
    "ingest": {topics.LEDGER, topics.LEGS, topics.DEADLETTER, topics.IDENTITIES, topics.PROGRESS, topics.CLOCK},
    "monitor": {
        topics.NOTICES,
        topics.ALERTS,
        topics.OPEN_ITEMS,
        topics.SCREENS,
        topics.SHADOW,
        topics.LEARNING,
        topics.PROGRESS,
        topics.SNAPSHOTS,
    },
    # trails are legs of the residents' own; a leg in conflict is a notice
    "shared": {topics.ALERTS, topics.LEGS, topics.NOTICES, topics.PROGRESS, topics.SNAPSHOTS},
    "investigator": {topics.DISPOSITIONS},
    "console": {topics.DISPOSITIONS, topics.AUDIT},
    "operator": {topics.RULES, topics.LEDGER, topics.LEGS, topics.PROGRESS},
    "deadletter": {*topics.INPUTS} - {topics.RULES, topics.LEARNING},
    "reidentifier": {topics.AUDIT},
    "auditor": set(),
    "reconciler": set(),
    "bank": {topics.TRANSACTIONS},
    "customs": {topics.DECLARATIONS},
    "rate-feed": {topics.RATES},
    "register": {topics.PROFILES},
    "sender": {topics.TRANSACTIONS, topics.DECLARATIONS, topics.RATES, topics.PROFILES},
}
OF_DESKS = {"monitor": "WRITE", "shared": "WRITE", "investigator": "READ", "operator": "READ"}

DENIED_READERS = (
    ("investigator", topics.TRANSACTIONS),
    ("investigator", topics.DEADLETTER),
    ("investigator", topics.IDENTITIES),
    ("monitor", topics.TRANSACTIONS),
    ("monitor", topics.IDENTITIES),
    ("operator", topics.DEADLETTER),
    ("console", topics.LEDGER),
    ("bank", topics.TRANSACTIONS),
    ("shared", topics.TRANSACTIONS),
    ("operator", topics.OPEN_ITEMS),
    ("bank", topics.OPEN_ITEMS),
)
ALLOWED_READERS = (
    ("reconciler", topics.TRANSACTIONS),
    ("deadletter", topics.DEADLETTER),
    ("reidentifier", topics.IDENTITIES),
    ("operator", topics.LEDGER),
    ("investigator", topics.OPEN_ITEMS),
)

DENIED_COMMANDS = {
    ("investigator", ("deadletter", "list")): ("may not describe topics", topics.TRANSACTIONS, topics.RULES),
    ("investigator", ("deadletter", "replay")): ("may not describe topics", topics.TRANSACTIONS, topics.RULES),
    ("investigator", ("reconcile",)): ("may not describe topics", topics.TRANSACTIONS),
    ("investigator", ("rules", "show")): ("may not describe topics", topics.RULES),
    ("investigator", ("state", "digest")): ("may not describe topics", topics.PROGRESS),
    ("bank", ("ledger", "show", "0:0")): ("may not describe topics", topics.LEDGER),
    ("auditor", ("alerts", "list")): ("may not describe topics", topics.ALERTS),
    ("operator", ("deadletter", "list")): ("may not read", topics.DEADLETTER),
    # no role has both rights; granting what the table says would not help
    ("operator", ("skip", "ingest", "0", "0", "--topic", topics.RATES, "--reason", "a test")): (
        "may not look at the record set",
        f"grant it Read on {topics.RATES}",
    ),
    ("auditor", ("alerts", "follow", "--count", "1")): ("may not describe topics", topics.ALERTS),
    ("auditor", ("trade", "show", f"k1.0a3.{'5d' * 16}")): ("may not describe topics", topics.LEDGER),
    ("operator", ("worker", "shared")): ("lacks rights", "Write on fx.alerts.v1"),
    ("bank", ("topics", "apply")): ("may not describe topics", topics.LEDGER),
    ("operator", ("topics", "acls", "--apply")): ("may not grant", "super user"),
    ("investigator", ("worker", "ingest")): ("lacks rights", "Read and DescribeConfigs on fx.transactions.v1"),
    ("operator", ("worker", "monitor")): ("lacks rights", "Write on fx.alerts.v1"),
    ("auditor", ("simulate", "--events", "500", "--publish")): ("may not write to any topic",),
}
