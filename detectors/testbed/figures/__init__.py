"""The judge's figures: one family a file. Each takes the ground and a system's alerts and gives a typed figure."""
