"""Values with exact rules: money, calendar days of the law, spelling, institution codes, shares of memory."""
