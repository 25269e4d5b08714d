"""The main job, shown: real months of flights arrive, and a champion serves.

python -m tools.demo
"""
