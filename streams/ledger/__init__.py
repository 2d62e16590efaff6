"""The form of internal records: ledger envelope, progress, snapshots, and the configuration in force."""
