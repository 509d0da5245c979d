"""The health check."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.health import find_fault


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer "ok" where the panel can work, else 503 with the reason; for monitoring."""
    if fault := find_fault():
        return HttpResponse(fault, status=503, content_type="text/plain", headers={"Retry-After": "10"})
    return HttpResponse("ok", content_type="text/plain")
