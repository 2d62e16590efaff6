"""A worker's log: its lines, and which messages of libraries may appear in it."""
