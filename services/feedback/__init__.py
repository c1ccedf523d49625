"""Feedback: what came of the advice, and what the next advice should learn from it."""
