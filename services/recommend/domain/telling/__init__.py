"""Writing advice: its evidence line by line, and the reason in a manager's words, made of that evidence alone."""
