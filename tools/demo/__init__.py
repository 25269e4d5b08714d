"""Two plays on real flights: months of them arrive and a champion serves; a worse version is stopped in its canary.

python -m tools.demo
python -m tools.demo canary
"""
