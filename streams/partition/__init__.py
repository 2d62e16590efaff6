"""The exact engine: one partition's state, its outputs and its snapshots, each record once."""
