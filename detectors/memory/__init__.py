"""A partition's state: its parties, rates, configuration, verdicts and clock, and what it forgets."""
