"""The simulated plant network: real HTTP systems with their own databases, dialects, lives and faults."""
