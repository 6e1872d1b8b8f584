"""Messaging: how people and programs reach a running process."""
