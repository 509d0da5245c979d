"""What every request passes before it reaches a page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBadRequest, HttpResponseBase
from django.template.loader import get_template


def only_utf8(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse a form in another encoding than UTF-8, which no browser sends and Django cannot read.

    Before whatever reads the form: Django fails over it once more in its own error pages, which read it as well.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if (request.content_params or {}).get("charset", "utf-8").lower() != "utf-8":
            return HttpResponseBadRequest(get_template("400.html").render())
        return get_response(request)

    return middleware
