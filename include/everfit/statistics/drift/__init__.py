"""Did a column drift? One file per distance, each with how far chance alone takes it and the least that matters.

With many rows everything differs, so no p-value alone says that a column drifted; with few, a distance of .1 comes by
chance four times in five. Each distance is therefore held against two bars: what chance alone reaches with so many rows
(its null band), and a minimum effect that is the same for all of them: a shift of a bell curve by a fifth of its
standard deviation, Cohen's small effect. What a drift does to a model is another question: a column of no importance
may drift.

Sources: Yurdakul, Statistical Properties of Population Stability Index (Western Michigan University, 2018); Cohen,
Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2.
"""
