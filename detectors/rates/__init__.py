"""Reference rates: their history, the feeds that say them, and whether they are believed."""
