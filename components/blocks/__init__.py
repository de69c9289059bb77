"""Blocks: what every room builds with. May import: nothing here."""
