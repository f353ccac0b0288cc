"""Shipped rules of escalation: over one evaluation in cards, over many in the operation's file."""
