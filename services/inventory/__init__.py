"""inventory: what stands where, since when, at what cost, and what was sold."""
