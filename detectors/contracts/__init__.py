"""What crosses the core's border, as types: events in, alerts out, and the configuration between them."""
