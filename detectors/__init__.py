"""The science of fxwatch: pure functions of the event log. No I/O, no clock, no unseeded randomness."""
