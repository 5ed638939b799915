"""Sans-IO protocol cores: bytes in, events out. No sockets, no loop, no clock, no randomness."""
