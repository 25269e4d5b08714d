"""Rollouts: how a challenger comes to people, and the judge who watches it all the time.

A strategy is one file, whose name is its name in the spec: a frozen dataclass of settings with `stages() ->
tuple[Stage, ...]`, which says whom the challenger answers, for how long, and what it takes to go on. It is a policy and
nothing else: `steps.rollout` follows any of them, and so do the targets. Wrong settings raise `ValueError`.

`seen` holds what was seen of champion and challenger so far, `bars` how much worse the challenger may be, `judging`
says harm, good or go on. All of it is pure: nothing here knows a store, a server or a clock.
"""
