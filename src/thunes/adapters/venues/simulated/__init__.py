"""The simulated venue: an exchange of our own, matched against bars, quotes and trades."""
