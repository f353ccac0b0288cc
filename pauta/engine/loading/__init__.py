"""From files to nouns: text, shape, sense, load, catalog."""
