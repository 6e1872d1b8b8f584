"""Drives the core with the real world."""
