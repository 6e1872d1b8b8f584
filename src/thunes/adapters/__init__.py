"""Touches the real world: one room per thing touched, strangers to each other."""
