"""The engine: cards in, results out. Nothing here knows a file format of results, a command or a page."""
