"""Commands: what an operator can ask of an account, whichever way the request comes in."""
