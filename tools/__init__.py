"""What surrounds the library on a developer's machine: the local stack, the demo, the lander of flights."""
