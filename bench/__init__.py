"""What the system can do, measured beside what its parts could do, in one and the same run."""
