"""The testbed, its pure part: truth, figures, intervals, baselines, gate. No files, no clock."""
