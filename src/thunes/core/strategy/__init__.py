"""What we think."""
