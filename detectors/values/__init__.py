"""Values with exact rules: money, calendar days of the law, spelling, codes, shares of a bounded memory."""
