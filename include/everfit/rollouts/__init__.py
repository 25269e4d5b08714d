"""Rollouts: how a challenger comes to answer, and the judge who watches it all the time.

`seen` holds what was seen of champion and challenger so far, `bars` how much worse the challenger may be, `judging`
says harm, good or go on. All of it is pure: nothing here knows a store, a server or a clock.
"""
