"""The monitor: the agent that follows each party, and the science it drives."""
