"""Alerts as text for investigators, in English and Korean."""
