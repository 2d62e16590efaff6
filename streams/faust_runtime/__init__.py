"""Runs agents on Faust: records handed over in runs, offsets, and time order between workers."""
