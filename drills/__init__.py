"""Drills: break the laptop cloud with random faults of a seed, while viewers watch and compare every byte."""
