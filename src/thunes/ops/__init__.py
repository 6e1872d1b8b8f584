"""What watches and reports: the audit of journals."""
