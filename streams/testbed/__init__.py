"""The testbed: everything that touches files, processes or Kafka; what is pure is in detectors/testbed."""
