"""The monitor agent: follows each party through the ledger and drives the science in `detectors`."""
