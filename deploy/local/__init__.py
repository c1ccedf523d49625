"""The whole system on one machine without containers: its servers and what runs the services on them."""
