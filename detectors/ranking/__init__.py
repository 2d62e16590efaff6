"""From many models' scores to one rank, and to the alerts that a day's budget allows."""
