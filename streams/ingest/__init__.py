"""The way in: an input record becomes a ledger record without identifiers, or a dead letter."""
