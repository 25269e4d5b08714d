"""The parts of the algorithm `xgboost`: its objective, its matrix, its rounds, and its errors in our words."""
