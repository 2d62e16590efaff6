"""Turns the models' scores into one calibrated rank, and chooses alerts within a day's budget."""
