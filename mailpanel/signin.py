"""What the protection of signing in, django-axes, is told about a try: who it is for, and where it comes from."""

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpRequest

LONGEST_LOGIN = 150  # of Django's User; axes would write a longer one into a column of 255, which PostgreSQL refuses


def username(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Return the login that somebody tries, cut where no login is longer."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else "")
    return str(typed or "")[:LONGEST_LOGIN]


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client: what the nearest proxy saw, or the peer where there is no proxy.

    Of an IPv6 address the network, since whoever has one address there has all 2^64. Only the last entry of
    X-Forwarded-For is the proxy's own; the ones before it can be made up by the client. Some proxies add a port. What
    is no address counts for nothing.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    if not settings.BEHIND_PROXY:
        return _counted(peer) or peer
    last: str = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    for candidate in (last.strip("[]"), last.rpartition(":")[0].strip("[]")):
        if counted := _counted(candidate):
            return counted
    return _counted(peer) or peer


def _counted(text: str) -> str:
    """Return an address as tries are counted by it, nothing for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
