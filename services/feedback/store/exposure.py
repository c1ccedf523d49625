"""SQL of what learning is owed: outcomes that were stored, and what of the rooftop's advice is open beside them."""

from uuid import UUID

from shared.postgres.pool import Connection


async def owe_learning(connection: Connection, tenant_id: UUID, dealer_id: UUID) -> None:
    """Note, in the transaction that stores or leaves them, that nothing was learned of a rooftop's outcomes."""
    await connection.execute(
        "INSERT INTO open_exposure AS e (tenant_id, dealer_id, sales) VALUES ($1, $2, NULL)"
        " ON CONFLICT (tenant_id, dealer_id) DO UPDATE SET sales = NULL WHERE e.sales IS NOT NULL",
        tenant_id,
        dealer_id,
    )


async def judged_to_its_end(connection: Connection, tenant_id: UUID, dealer_id: UUID, sales: float) -> bool:
    """Note what is open of a rooftop that was judged to its end, if learning is owed; tells whether it is."""
    noted = await connection.fetchval(
        "UPDATE open_exposure SET sales = $3"
        " WHERE tenant_id = $1 AND dealer_id = $2 AND sales IS NULL RETURNING true",
        tenant_id,
        dealer_id,
        sales,
    )
    return bool(noted)


async def open_exposure(connection: Connection, tenant_id: UUID, dealer_id: UUID) -> float | None:
    """Give the sales expected of a rooftop's open advice; None while outcomes are stored that are not the last.

    No outcomes are stored beside it until the transaction ends.
    """
    sales: float | None = await connection.fetchval(
        "SELECT sales FROM open_exposure WHERE tenant_id = $1 AND dealer_id = $2 FOR NO KEY UPDATE",
        tenant_id,
        dealer_id,
    )
    return sales
