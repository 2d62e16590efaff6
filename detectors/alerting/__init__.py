"""Builds an alert: facts, reasons, evidence, the case that it belongs to, and its desks."""
