"""Judges a version on streams and history: everything that touches files, processes or Kafka."""
