"""`python -m graphnn.cli` is the command line."""

from graphnn.cli import main

main()
