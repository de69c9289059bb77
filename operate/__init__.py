"""`headend`: the operator's command for a running platform, on AWS or on the laptop.

Each group of verbs (films, trouble, ...) has one file, which is a thin shell. Its decisions are in pure files beside
it. Only `cloud.py` knows which of the two clouds is meant. The room imports no component. Of `local/` it imports only
`local.running`, which finds the demo, and `local.engine`, which lists the program's resources.
"""
