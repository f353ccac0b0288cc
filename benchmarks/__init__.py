"""How fast pauta is, beside what one would use instead: `python -m benchmarks`."""
