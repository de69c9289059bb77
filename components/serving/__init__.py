"""Serving: a region's network, load balancer and cache fleets, and the web servers at home. May import: blocks."""
