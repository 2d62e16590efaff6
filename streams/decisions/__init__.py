"""Operators' decisions to pass a record by, checked before they are written to the progress topic."""
