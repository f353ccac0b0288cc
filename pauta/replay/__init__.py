"""Calls scored twice, by two versions of a card: what another version would have changed.

parts      the parts of a card in which two versions differ, and a card with one part as the other has it
causes     which of these parts make a call pass or fail differently
tallies    what is counted of both sides, by column: all, by question, by agent, by team
rows       which evaluations are compared: calls of files, people's answers, filters
stored     the same from the evaluations of a store
replay     the run, batch by batch
"""

from pauta.replay.parts import Part
from pauta.replay.replay import Example, Replayed, replay
from pauta.replay.rows import Claims, Filter, Row, Sheets, rows_of
from pauta.replay.stored import stored_rows

__all__ = ["Claims", "Example", "Filter", "Part", "Replayed", "Row", "Sheets", "replay", "rows_of", "stored_rows"]
