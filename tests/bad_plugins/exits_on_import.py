"""It ends the program as soon as it is imported."""

import sys

__version__ = "1.2"

sys.exit(7)  # here
