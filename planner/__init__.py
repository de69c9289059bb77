"""What an audience needs and what it costs. Formulas compute it from the facts and the program; nothing is measured."""
