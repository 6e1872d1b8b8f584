"""What a process heard of the market, kept in columns beside its journal."""
