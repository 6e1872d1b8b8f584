"""THUNES."""
