"""Statistics that stay valid while one watches: tests and intervals for any number of looks, at any moment.

A fixed-sample test promises its level for one look that was planned. Here the promise is about the whole path: with
probability `1 - alpha` the truth is inside *every* interval that is ever looked at. Everything rests on Ville's
inequality: an e-process, which is at most 1 on average at any moment one may stop, ever reaches `1 / alpha` with
probability at most `alpha`. Bounds are one-sided, each at its own `alpha`.

Sources: Ville, Etude critique de la notion de collectif (1939); Ramdas, Grunwald, Vovk and Shafer, Statistical Science
38 (2023) 576-601.
"""
