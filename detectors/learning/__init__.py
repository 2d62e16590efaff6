"""Learning from verdicts: lessons are kept, taken back exactly, and make the chance that an alert is confirmed."""
