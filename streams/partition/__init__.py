"""The exact engine: one ledger partition's state, outputs and snapshots, each record applied once."""
