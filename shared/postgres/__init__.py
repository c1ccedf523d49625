"""PostgreSQL: pool, the one way to open a transaction, migrations, and the work table."""

from shared.postgres.migrate import migrate, run_script
from shared.postgres.pool import PostgresSettings, create_pool
from shared.postgres.tenancy import tenant_isolation, tenant_transaction
from shared.postgres.work import WorkItem, WorkTable

__all__ = [
    "PostgresSettings",
    "WorkItem",
    "WorkTable",
    "create_pool",
    "migrate",
    "run_script",
    "tenant_isolation",
    "tenant_transaction",
]
