"""The sweep: the engine's rules for bars as compiled loops over many parameter sets."""
