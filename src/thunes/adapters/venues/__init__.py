"""Venues: where orders go and reports come from."""
