"""When the demo is not what it claims to be."""


class DemoError(Exception):
    """Something that the demo shows did not come true."""
