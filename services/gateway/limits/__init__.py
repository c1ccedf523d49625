"""What keeps the gateway standing: rates, sizes, times, and what every answer carries.

Read in this order: `settings` (every number) → `envelope` → `guard` → `passage` → `bodies` → `credentials` →
`idempotency`. `installing` puts them before the application; `protocol` is the server's share.
"""
