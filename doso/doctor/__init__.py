"""``doso doctor``: whether a deployment is safe."""
