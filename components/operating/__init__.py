"""Operating: who is told, what is measured and logged, and what it costs. May import: serving, blocks."""
