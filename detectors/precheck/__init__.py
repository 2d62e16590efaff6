"""What the law asks of a payment that is not ordered yet: documents, reports, a designated bank. Needs no state."""
