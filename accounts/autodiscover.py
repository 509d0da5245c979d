"""The settings for Outlook and its relatives, in Microsoft's format autodiscover ([MS-OXDSCLI], plain XML)."""

from dataclasses import dataclass
from typing import Final
from xml.parsers import expat

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.client_settings import SERVERS, AddressForm, client_hostname
from accounts.validators import to_unicode

MAX_REQUEST: Final = 16_384  # bytes of an autodiscover request; real ones have about 500
OUTLOOK_SCHEMA: Final = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
INVALID_REQUEST: Final = (600, "Invalid Request")
NO_SUCH_PROVIDER: Final = (601, "Provider is not available")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@csrf_exempt  # sent by a program, and it changes nothing
@login_not_required
def autodiscover(request: HttpRequest) -> HttpResponse:
    """Answer Outlook. A faulty request gets an error of the protocol, which the protocol sends with status 200."""
    hostname = client_hostname()
    if not hostname:
        raise Http404
    asked = _asked_in_body(request) if request.method == "POST" else _asked_in_query(request)
    if asked is None:
        return _autodiscover_error(request, *INVALID_REQUEST)
    form = AddressForm({"address": asked.address})
    if not form.is_valid():
        return _autodiscover_error(request, *INVALID_REQUEST)
    if OUTLOOK_SCHEMA not in asked.schemas:  # such as that of ActiveSync, which telephones ask for
        return _autodiscover_error(request, *NO_SUCH_PROVIDER)
    address = form.cleaned_data["address"]
    context = {
        "hostname": hostname,
        "servers": [server for server in SERVERS if not server.starttls],  # Outlook takes one of each kind
        "username": address,
        "shown_address": to_unicode(address),
        "schema": OUTLOOK_SCHEMA,
    }
    return render(request, "accounts/autodiscover.xml", context, content_type="application/xml")


def _autodiscover_error(request: HttpRequest, code: int, message: str) -> HttpResponse:
    context = {"code": code, "message": message, "time": timezone.now()}
    return render(request, "accounts/autodiscover_error.xml", context, content_type="application/xml")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an autodiscover request asks for: an address as it was typed, and the schemas that the program reads."""

    address: str
    schemas: tuple[str, ...]


def _asked_in_query(request: HttpRequest) -> _Asked | None:
    """Return what a GET asks for. Programs send a POST; a GET is for trying it in a browser."""
    address = request.GET.get("emailaddress", "")
    return _Asked(address, (OUTLOOK_SCHEMA,)) if address else None


def _asked_in_body(request: HttpRequest) -> _Asked | None:
    """Return what the XML of a POST asks for, None where it is too long, broken, or has a document type.

    A document type can define entities, which may expand without end or read files.
    """
    body = request.read(MAX_REQUEST + 1)  # not .body, which would read a request of any length
    if len(body) > MAX_REQUEST:
        return None
    texts: dict[str, list[str]] = {"EMailAddress": [], "AcceptableResponseSchema": []}
    path: list[str] = []

    def start(name: str, _attributes: dict[str, str]) -> None:
        path.append(name.rpartition(" ")[2])
        if len(path) == 3 and path[-1] in texts:
            texts[path[-1]].append("")

    def end(_name: str) -> None:
        path.pop()

    def text(data: str) -> None:
        if len(path) == 3 and path[:2] == ["Autodiscover", "Request"] and path[-1] in texts:
            texts[path[-1]][-1] += data

    def refuse(*_declaration: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, refuse
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError):  # LookupError: an encoding that does not exist
        return None
    schemas = tuple(schema.strip().replace("https:", "http:", 1) for schema in texts["AcceptableResponseSchema"])
    return _Asked(texts["EMailAddress"][0], schemas or (OUTLOOK_SCHEMA,)) if texts["EMailAddress"] else None
