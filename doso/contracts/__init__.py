"""The committed contracts: golden schemas and AsyncAPI documents, computed from the topic registry alone."""
