"""Strategies of rolling out, one file each; the file's name is its name in the spec.

A strategy is a frozen dataclass of settings with `stages() -> tuple[Stage, ...]`: whom the challenger answers, for how
long, and what it takes to go on. It is a policy and nothing else: `steps.rollout` follows any of them, and so do the
targets. Wrong settings raise `ValueError`.
"""
