"""Decisions of operators that the ledger's progress keeps, each checked before it is recorded."""
