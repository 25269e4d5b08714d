"""Three plays on real flights: months of them arrive and a champion serves; a worse version is stopped in its canary; a
year goes by, and nobody touches anything.

python -m tools.demo
python -m tools.demo canary
python -m tools.demo year
"""
