"""Search: parameter sets tried under folds, chosen where it is not luck, and walked forward."""
