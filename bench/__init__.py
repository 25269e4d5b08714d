"""Measurements against a named peer, in one run, as ratios: `make bench`."""
