"""Plauder: a messaging network that anyone can run."""

__version__ = "0.1.0"
