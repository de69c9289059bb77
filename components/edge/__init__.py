"""Edge: the part that viewers reach, and the page that they load from it. May import: serving, blocks."""
