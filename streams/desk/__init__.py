"""The investigator's desk: alerts, ledger records and parties read from the topics, verdicts written to them."""
