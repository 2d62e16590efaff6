"""Proofs from the topics alone: nothing was lost, and an alert follows from the ledger."""
