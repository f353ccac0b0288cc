"""It has no hook at all."""

__version__ = "1.2"


class Bad:
    name = "bad"
