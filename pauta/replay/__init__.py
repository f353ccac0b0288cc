"""Calls scored twice, by two versions of a card: what another version would have changed.

parts       the parts of a card in which two versions differ, and a card with one part as the other has it
causes      which of these parts make a call pass or fail differently
tallies     what is counted of both sides, by column: all, by question, by agent, by team
replayed    what was found in all
comparison  which versions are compared, and on which calls
rows        which evaluations these are: calls of files, people's answers, filters
stored      the same from the evaluations of a store
claimed     the same of the rows of a table, by column
pairs       two versions made ready, and evaluations that both score
replay      the run, batch by batch
pieces      a piece of a table
files       the run over tables, piece by piece
"""

from pauta.replay.comparison import Comparison
from pauta.replay.parts import Part
from pauta.replay.replay import replay
from pauta.replay.replayed import Example, Replayed
from pauta.replay.rows import Claims, Filter, Row, Sheets, rows_of
from pauta.replay.stored import stored_rows

__all__ = [
    "Claims", "Comparison", "Example", "Filter", "Part", "Replayed", "Row", "Sheets", "replay", "rows_of",
    "stored_rows",
]  # fmt: skip
