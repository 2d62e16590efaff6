"""How a Kafka cluster is reached: addresses, certificates, passwords, tokens, and what is wrong with them."""
