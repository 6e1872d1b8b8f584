"""What is known of the market."""
