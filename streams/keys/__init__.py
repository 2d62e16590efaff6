"""Keys, and what is made with them: tokens, commitments, signatures and sealed identities."""
