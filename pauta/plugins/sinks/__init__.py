"""Shipped plugins, written as a stranger would: they import the face `pauta` and nothing deeper."""
