"""What must hold, and the only door out."""
