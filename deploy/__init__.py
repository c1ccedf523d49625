"""How DOSO is put to run: on one machine without containers, and on Kubernetes."""
