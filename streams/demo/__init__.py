"""The demo: an embedded broker, two workers, a stream with planted cases, and a summary."""
