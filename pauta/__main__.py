"""`python -m pauta` is `pauta`."""

from pauta.cli import main

main(prog_name="pauta")
