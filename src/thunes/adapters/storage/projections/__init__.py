"""Projections: SQL tables rebuilt from the journal, for questions that need no engine."""
