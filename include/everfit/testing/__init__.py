"""For tests, ours and yours: small fakes of the ports, and suites that a new implementation of a port must pass."""
