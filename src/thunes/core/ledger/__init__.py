"""What we hold and what is in flight."""
