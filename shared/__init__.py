"""What every service stands on: the published events and the platform beneath them; no business decisions."""
