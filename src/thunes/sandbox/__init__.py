"""The sandbox: the simulated venue behind the real wire protocols, for real clients."""
