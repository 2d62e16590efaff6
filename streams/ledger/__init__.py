"""What stands on the internal topics: the ledger's envelope, progress, snapshots and the configuration."""
