"""What a size needs and what it costs: reckoned by formula from the facts and the program, never measured."""
