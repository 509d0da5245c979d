"""Who is asking, when the panel stands behind a reverse proxy."""

from django.conf import settings
from django.http import HttpRequest


def client_ip(request: HttpRequest) -> str:
    """Return the address of the client: what the nearest proxy saw, or the peer where there is no proxy.

    Only the last entry of X-Forwarded-For is the proxy's own; the ones before it can be made up by the client.
    """
    if settings.BEHIND_PROXY:
        forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
        if forwarded:
            return forwarded.rsplit(",", 1)[-1].strip()
    peer: str = request.META.get("REMOTE_ADDR", "")
    return peer
