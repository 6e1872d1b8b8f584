"""THUNES asks the past, rehearses, trades, and proves why every order was sent."""

__version__ = "0.1.0"
