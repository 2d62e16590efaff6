"""The pure part of the testbed: truth, figures, intervals, baselines and the promotion gate."""
