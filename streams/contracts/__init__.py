"""The form of what others write and read: input records, refusal codes, dead letters, identifiers, registers."""
