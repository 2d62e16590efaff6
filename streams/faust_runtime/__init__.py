"""How Faust runs our agents: runs of records instead of single ones, offsets, and its clock of a backlog."""
