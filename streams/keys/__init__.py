"""Secret and public keys, and what they make: tokens, commitments, signatures and sealed identities."""
