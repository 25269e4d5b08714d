"""What the local stack says when it cannot do what was asked."""


class StackError(Exception):
    """The local stack cannot start, answer or stop; the message says what was found and what to do."""
