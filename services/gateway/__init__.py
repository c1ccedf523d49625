"""The gateway: lets data in, people in, and answers out; it reads only its own read model."""
