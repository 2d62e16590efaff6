"""The books of one party: its payments, what was settled, what came back, and what is folded into totals."""
