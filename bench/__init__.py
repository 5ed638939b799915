"""Benchmarks, run side by side with the peers: `make bench` prints the tables."""
