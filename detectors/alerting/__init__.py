"""What an alert says: its facts, its reasons, its case, and the desks that it goes to."""
