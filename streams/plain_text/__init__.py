"""Text for terminals and spreadsheets: tables, CSV, and what may be shown of foreign text."""
