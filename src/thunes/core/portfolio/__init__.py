"""What we want."""
