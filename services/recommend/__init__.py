"""The recommend service: what to order, acquire, transfer, reprice, hold and wholesale, and why."""
