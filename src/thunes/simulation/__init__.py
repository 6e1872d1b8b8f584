"""Drives the core with a seeded world."""
