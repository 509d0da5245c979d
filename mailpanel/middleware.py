"""The middleware of the project."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.template.loader import get_template


def only_utf8(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse a form in another encoding than UTF-8 with status 400: no browser sends one, and Django fails to read it.

    It must come before all middleware that reads the form: Django's error pages read it too, and would fail again.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if (request.content_params or {}).get("charset", "utf-8").lower() != "utf-8":
            return HttpResponseBadRequest(get_template("400.html").render())
        return get_response(request)

    return middleware
