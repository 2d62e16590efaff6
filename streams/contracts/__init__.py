"""What outsiders write and read: records, codes of refusal, dead letters, identifiers and registers."""
