"""What a partition remembers: its state, its parties, whose verdicts count, and its clock."""
