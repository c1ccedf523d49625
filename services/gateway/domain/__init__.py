"""What the gateway works out itself: stock figures as of today, and what an import changes."""
