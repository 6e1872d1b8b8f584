"""Binance Spot: its words, its moods, and the wire to it."""
