"""The only SQL of the gateway: accounts, imports and the read model."""
