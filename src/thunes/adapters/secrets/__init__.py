"""Secrets: keys and tokens, from where they are kept to the one place that uses them."""
