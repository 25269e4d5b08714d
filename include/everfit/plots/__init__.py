"""Pictures of a training run and of its evaluation, in one style."""
