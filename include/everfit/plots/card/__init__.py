"""The model card: what the gates found in a candidate and what it is, on one page that needs nothing else."""
