"""The demo: a broker, two workers, a stream with planted cases, and what became of it."""
