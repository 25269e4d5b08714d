"""What may be expected of the next batch, learnt from batches that are known to be good.

`profile` reads a table of one batch once and keeps little; `propose` turns the profiles of several batches into
expectations; `merge` puts these into the suite that a person wrote, touching as little of its text as possible.
"""
