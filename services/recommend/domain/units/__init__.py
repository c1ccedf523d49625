"""What to do with each car: the courses open to it, valued in its company, and the one that is chosen."""
