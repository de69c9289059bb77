"""Facts about AWS as plain data: regions, instance types, list prices.

Imports nothing of this project. Settings, components and commands read it, so that each fact has one place.
"""
