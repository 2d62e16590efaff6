"""How fxwatch reaches Kafka: addresses, encryption, authentication, and what a connection that fails means."""
