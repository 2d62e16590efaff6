"""Checks files of records or payment messages against the door, then sends them to the input topics."""
