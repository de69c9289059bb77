"""Drills: faults drawn from a seed, played against the laptop cloud while viewers watch and compare every byte."""
