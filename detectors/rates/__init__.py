"""Reference rates: what they are, which feeds say so, and whether they are believed."""
