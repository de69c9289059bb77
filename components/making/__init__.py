"""Making: an upload becomes a title. May import: blocks."""
