"""Sentences of alerts, in English and Korean, made of facts."""
