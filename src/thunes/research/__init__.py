"""Asks the past: backtests, baselines, reports."""
