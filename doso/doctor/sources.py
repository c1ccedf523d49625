"""Sources of DMS events: whether there is still an adapter that reads what each sends."""

from collections import Counter

from doso.doctor.database import connected
from doso.doctor.deployment import Deployment
from doso.doctor.findings import Finding, ok, unsafe
from services.gateway.adapters import ADAPTERS

NAME = "sources"
_ADVICE = "deploy the version that has it, or disable the sources; until then every delivery is answered 503"


async def check(deployment: Deployment) -> list[Finding]:
    """Look for active sources whose adapter this program does not have."""
    async with connected(deployment) as connection, connection.transaction(readonly=True):
        # Whatever role this is: it may see the tenants that anything was ever told of.
        await connection.execute(
            "SELECT set_config('app.tenants', (SELECT coalesce(array_agg(tenant_id), '{}')::text"
            " FROM gateway.live_position), true)"
        )
        rows = await connection.fetch("SELECT adapter FROM gateway.dms_source WHERE status = 'active'")
    used = Counter(row["adapter"] for row in rows)
    gone = {name: count for name, count in used.items() if name not in ADAPTERS}
    if not gone:
        return [ok(NAME, f"{used.total()} active sources, each with its adapter")]
    return [
        unsafe(NAME, f"{count} active sources need the adapter {name!r}, which is not in this program", _ADVICE)
        for name, count in sorted(gone.items())
    ]
