"""The six services; they never import each other and meet only in events."""
