"""It needs a library that is not there."""

__version__ = "1.2"

import a_library_that_is_not_there  # here

print(a_library_that_is_not_there)
