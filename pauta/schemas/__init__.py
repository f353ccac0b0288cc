"""The published JSON Schemas, by name."""
