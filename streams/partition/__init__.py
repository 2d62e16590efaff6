"""The engine of every agent that learns: partitions, exact outputs and snapshots, each record applied once."""
