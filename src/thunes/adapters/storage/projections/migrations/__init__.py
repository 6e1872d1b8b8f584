"""Migrations: every step from one form of the tables to the next, oldest first."""
