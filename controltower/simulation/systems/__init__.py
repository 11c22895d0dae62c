"""The simulated systems by role."""
