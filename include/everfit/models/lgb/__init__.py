"""The parts of the algorithm `lightgbm`: its data, its rounds, its model as text, and its errors in our words."""
