"""Tests that share one cloud with one fleet of one node. `test_captions` runs first and counts jobs."""
