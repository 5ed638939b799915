"""Ledger, rate cards, billing, payments. Amounts are integers of micro-units; nothing posted is ever edited."""
