"""A worker's log: how it is written, what libraries may say in it, and its lines of start and stop."""
