"""The part that decides: pure, without I/O, clock, randomness or threads."""
