"""Everything of fxwatch that touches Kafka, time or the network."""
