"""One party's payments: what counts, what came back, what was told twice, what is kept as totals."""
