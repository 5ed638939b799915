"""Consent, purpose limits, retention, export and erasure. Its place is kept; nothing is built here yet."""
