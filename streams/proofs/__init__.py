"""Proofs from the topics alone: no input was lost, and an alert follows from the ledger."""
