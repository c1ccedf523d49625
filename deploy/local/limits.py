"""Limits of a system on one machine: everybody is the same address, and benchmarks and demos send all they can."""

from services.gateway.limits.settings import LimitSettings, Rate, rate


class LocalLimits(LimitSettings):
    """The gateway's limits with rates that one machine does not reach; the environment still says otherwise.

    The counting itself goes on, so that what is measured here is what it costs elsewhere.
    """

    sign_in_per_address: Rate = rate("6000/minute")
    events_per_address: Rate = rate("10000000/minute")
    events_per_sender: Rate = rate("10000000/minute")
    events_per_tenant: Rate = rate("10000000/minute")
    imports_per_address: Rate = rate("100000/hour")
    imports_per_sender: Rate = rate("100000/hour")
    imports_per_tenant: Rate = rate("100000/hour")
    writes_per_address: Rate = rate("10000000/minute")
    writes_per_sender: Rate = rate("10000000/minute")
    writes_per_tenant: Rate = rate("10000000/minute")
    reads_per_address: Rate = rate("10000000/minute")
    reads_per_sender: Rate = rate("10000000/minute")
    reads_per_tenant: Rate = rate("10000000/minute")
    reports_per_address: Rate = rate("10000000/minute")
    reports_per_sender: Rate = rate("10000000/minute")
    reports_per_tenant: Rate = rate("10000000/minute")
    operations_per_address: Rate = rate("10000000/minute")
