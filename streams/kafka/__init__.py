"""Kafka clients: reading, writing, the topic table and its access rights, and what a failed connection means."""
