"""The commands of `pauta`, by what they work on; each parses, calls one function, renders, and says how it went.

Modules are imported inside the commands: `pauta --help` pays for click alone.
"""
