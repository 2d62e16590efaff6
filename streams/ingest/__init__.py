"""The way in: an input record becomes ledger records without identifiers, or a dead letter."""
