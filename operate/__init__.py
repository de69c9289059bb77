"""`headend`: what a person does to a running platform, on AWS or on the laptop.

One file a group of verbs (films, trouble, ...) is a thin shell; what it decides is in a pure file beside it. `cloud.py`
is the only place that knows which of the two clouds is meant. Imports no component, and nothing of `local/` but where
the demo says that it runs.
"""
