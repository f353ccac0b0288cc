"""A plugin in a process of its own: whatever happens there, the run goes on with the others' results unchanged."""

ISOLATED = {"dies": 1}
