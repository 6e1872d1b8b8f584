"""`python -m thunes`: the command line, where the command is not on the path."""

from thunes.cli.main import main

main()
