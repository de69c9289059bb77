"""Blocks: parts that every room uses. May import: nothing here."""
