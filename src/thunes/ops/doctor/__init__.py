"""The doctor: looks at everything that trading stands on, and says what is wrong with it."""
