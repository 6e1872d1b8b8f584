"""Numbers without market meaning."""
