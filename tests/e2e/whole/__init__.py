"""Tests that share one cloud with the declared two fleets of two nodes. They run in the order of their names:
`test_operate` needs a cloud without films, and `test_platform` kills nodes."""
