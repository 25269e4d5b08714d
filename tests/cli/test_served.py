"""`everfit served`."""

from collections.abc import Callable

Command = Callable[..., tuple[int, str]]


def test_a_model_without_a_champion_has_nothing_to_compare(everfit: Command):
    everfit("new", "toy")
    code, said = everfit("served", "toy")
    assert (code, said.strip()) == (0, "toy has no champion yet")
