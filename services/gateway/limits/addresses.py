"""Whose request it is, by address: the socket's, or what trusted proxies say."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

from services.gateway.limits.settings import Network

UNKNOWN: Final = "unknown"
_IPV6_PREFIX: Final = 64


class Addresses:
    """Finds the address that a request is counted under."""

    def __init__(self, trusted: Sequence[Network] = ()) -> None:
        self._trusted = tuple(trusted)

    def trusts(self, peer: str | None) -> bool:
        """Tell whether the other end of the socket is one of our proxies."""
        address = _read(peer) if self._trusted and peer else None
        return address is not None and any(address in network for network in self._trusted)

    def of(self, scope: Scope) -> str:
        """Give the address to count a connection under."""
        peer = scope["client"][0] if scope.get("client") else None
        return self.client(peer, (value for name, value in scope["headers"] if name == b"x-forwarded-for"))

    def client(self, peer: str | None, forwarded: Iterable[bytes]) -> str:
        """Give the address to count under.

        ``forwarded`` are the values of X-Forwarded-For, in order. Each proxy adds at the right the address it
        was asked from, so the rightmost that is no proxy of ours is the last that cannot have been made up.
        """
        found = _read(peer) if peer else None
        if found is None:
            return UNKNOWN
        if self._trusted and self._is_proxy(found):
            for part in reversed(b",".join(forwarded).decode("latin-1").split(",")):
                hop = _read(_without_port(part.strip()))
                if hop is None:
                    break  # whoever wrote this, we cannot look behind it
                found = hop
                if not self._is_proxy(hop):
                    break
        return _counted(found)

    def _is_proxy(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _without_port(text: str) -> str:
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text


def _counted(address: IPv4Address | IPv6Address) -> str:
    """Count IPv6 by its /64: that is what one household or one server is given, not one address."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
