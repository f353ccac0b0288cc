"""It never comes back from being imported."""

__version__ = "1.2"

while True:  # here
    pass
