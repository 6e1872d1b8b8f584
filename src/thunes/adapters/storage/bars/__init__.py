"""Market data on disk: files of many shapes read, checked, and kept in a catalog."""
