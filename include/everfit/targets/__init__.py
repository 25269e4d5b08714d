"""Where models are deployed: one file per kind of target."""
