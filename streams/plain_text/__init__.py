"""Text for terminals and spreadsheets: tables, CSV, two languages, and what is safe to show."""
