"""What django-axes counts failed sign-ins by: the login and the address of the client."""

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpRequest

LONGEST_LOGIN = 150  # of Django's User; axes would write a longer one into a column of 255, which PostgreSQL refuses


def username(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """Return the login that somebody tries, cut to the length of the longest possible login."""
    typed = (credentials or {}).get("username") or (request.POST.get("username") if request else "")
    return str(typed or "")[:LONGEST_LOGIN]


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client: as the nearest proxy saw it, or the peer's where there is no proxy.

    For an IPv6 address, it is the /64 network, since a client usually has all of its 2^64 addresses. Only the last
    entry of X-Forwarded-For is the proxy's; a client can invent the others. Some proxies add a port. Invalid entries
    are ignored.
    """
    peer: str = request.META.get("REMOTE_ADDR", "")
    if not settings.BEHIND_PROXY:
        return _normalize(peer) or peer
    last: str = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip()
    for candidate in (last.strip("[]"), last.rpartition(":")[0].strip("[]")):
        if address := _normalize(candidate):
            return address
    return _normalize(peer) or peer


def _normalize(text: str) -> str:
    """Return an IPv4 address, or the /64 network of an IPv6 address; empty where the text is neither."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False).network_address)
