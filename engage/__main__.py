"""`python -m engage` is the command `engage`."""

from engage.cli import main

main()
