"""PostgreSQL: pool, the one way to open a transaction, and the work table."""

from shared.postgres.append_only import append_only
from shared.postgres.claims import WorkItem
from shared.postgres.lock_order import lock_order
from shared.postgres.pool import PostgresSettings, create_pool
from shared.postgres.tenancy import ONE_TENANT, tenant_isolation, tenant_transaction
from shared.postgres.work import WorkTable

__all__ = [
    "ONE_TENANT",
    "PostgresSettings",
    "WorkItem",
    "WorkTable",
    "append_only",
    "create_pool",
    "lock_order",
    "tenant_isolation",
    "tenant_transaction",
]
