"""What the investigators' commands read from the topics, and the verdicts that they write."""
