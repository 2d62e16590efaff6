"""What crosses the border of the science, as types: events in, alerts out, the configuration between them."""
