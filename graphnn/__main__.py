"""`python -m graphnn` is the command line."""

from graphnn.cli import main

main()
