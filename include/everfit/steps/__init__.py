"""What everfit does, one call each: plain functions from opened ports and a spec to a small frozen value.

Each is idempotent: called again with the same input it does the work once and returns the same.
"""
