"""The model server: `python -m everfit.serving --registry http://localhost:5000` answers by registry alias."""
