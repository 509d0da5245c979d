"""The settings for mail programs: a page for people, and formats that programs ask for by themselves.

All of it is public and reads no database, so it does not reveal which mailboxes or domains exist. The formats are
Mozilla's autoconfig (draft-ietf-mailmaint-autoconfig), Apple's configuration profile (`com.apple.mail.managed`), and
Microsoft's, in `accounts.autodiscover`. An address is written into them with its domain in ASCII: so the mail server
knows it, and few programs would convert it.
"""

import plistlib
import uuid
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.validators import normalize_mailbox_address, to_unicode

ANY_ADDRESS: Final = "%EMAILADDRESS%"  # a program replaces this by the address that was typed into it
# UUIDs are made from this and the address: the same each time, so that a new profile replaces an older one.
_NAMESPACE: Final = uuid.UUID("6b1f7c52-2f0e-5d0c-9d3f-0c6c0a3d4e17")


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `starttls`: the connection begins unencrypted, and is encrypted before the password is sent."""

    protocol: str  # imap, pop3 or smtp
    port: int
    purpose: Promise | str
    starttls: bool = False

    @property
    def is_incoming(self) -> bool:
        return self.protocol != "smtp"

    @property
    def encryption(self) -> str:
        """The kind of encryption, as mail programs call it."""
        return "STARTTLS" if self.starttls else "SSL/TLS"


IMAP: Final = Server("imap", 993, gettext_lazy("Incoming mail, IMAP"))
POP3: Final = Server("pop3", 995, gettext_lazy("Incoming mail, POP3"))
SMTP: Final = Server("smtp", 465, gettext_lazy("Outgoing mail, SMTP"))
SMTP_STARTTLS: Final = Server("smtp", 587, gettext_lazy("Outgoing mail, SMTP, if port 465 is blocked"), starttls=True)
SERVERS: Final = (IMAP, POP3, SMTP, SMTP_STARTTLS)  # the best of each kind first: programs take the first that works


def client_hostname() -> str:
    """Return the name of the server that mail programs connect to; empty where no setting gives it."""
    return str(settings.MAIL_CLIENT_HOSTNAME or settings.MAIL_HOSTNAME)


class AddressForm(forms.Form):
    """The address that somebody wants the settings for. Whether it exists is not looked up."""

    address = forms.CharField(required=False, max_length=320, label=gettext_lazy("E-mail address"))

    def clean_address(self) -> str:
        """Return the address that the owner signs in with: that of the mailbox, also for one with a plus."""
        local_part, at, domain = self.cleaned_data["address"].rpartition("@")
        return normalize_mailbox_address(local_part.partition("+")[0] + at + domain)


@require_safe
@never_cache
@login_not_required
def mail_settings(request: HttpRequest) -> HttpResponse:
    """Show the server names, ports and encryption, and the user name where an address was typed."""
    form = AddressForm(request.GET if "address" in request.GET else None)
    address = form.cleaned_data["address"] if form.is_valid() else ""
    context = {
        "form": form,
        "hostname": client_hostname(),
        "servers": SERVERS,
        "address": address,
        "shown_address": to_unicode(address),
        "profile_query": urlencode({"address": address}),
    }
    return render(request, "accounts/mail_settings.html", context)


@require_safe
@never_cache
@login_not_required
def apple_profile(request: HttpRequest) -> HttpResponse:
    """Download the profile for an iPhone, iPad or Mac. A faulty address redirects to the page with its error."""
    form = AddressForm(request.GET)
    if not client_hostname():
        raise Http404
    if not form.is_valid():
        return redirect(f"{reverse('mail_settings')}?{urlencode({'address': request.GET.get('address', '')})}")
    address = form.cleaned_data["address"]
    response = HttpResponse(plistlib.dumps(profile(address)), content_type="application/x-apple-aspen-config")
    response["Content-Disposition"] = content_disposition_header(True, f"{address}.mobileconfig") or "attachment"
    return response


def profile(address: str) -> dict[str, Any]:
    """Return Apple's configuration profile for an address. The device asks for the password, which is not in it."""
    hostname = client_hostname()
    identifier = f"{'.'.join(reversed(hostname.split('.')))}.mail.{uuid.uuid5(_NAMESPACE, address)}"
    shown = to_unicode(address)
    account = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.account",
        "PayloadUUID": str(uuid.uuid5(_NAMESPACE, f"{hostname} {address} account")).upper(),
        "PayloadDisplayName": shown,
        "EmailAccountDescription": shown,
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": address,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": hostname,
        "IncomingMailServerPortNumber": IMAP.port,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": address,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": hostname,
        "OutgoingMailServerPortNumber": SMTP.port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": address,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    return {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": str(uuid.uuid5(_NAMESPACE, f"{hostname} {address} profile")).upper(),
        "PayloadDisplayName": _("Mail: %(address)s") % {"address": shown},
        "PayloadDescription": _("Sets up the mailbox %(address)s. You will be asked for its password.")
        % {"address": shown},
        "PayloadContent": [account],
    }


@require_safe
@login_not_required
def autoconfig(request: HttpRequest) -> HttpResponse:
    """Answer Thunderbird and programs that use its format. Without an address in the URL, they fill in their own."""
    hostname = client_hostname()
    if not hostname:
        raise Http404
    form = AddressForm({"address": request.GET.get("emailaddress", "")})
    if request.GET.get("emailaddress") and not form.is_valid():
        return HttpResponseBadRequest("The address is not one of a mailbox.\n", content_type="text/plain")
    address = form.cleaned_data["address"] if form.is_valid() else ANY_ADDRESS
    context = {
        "hostname": hostname,
        "servers": SERVERS,
        "username": address,
        "domain": hostname if address == ANY_ADDRESS else address.partition("@")[2],
    }
    return render(request, "accounts/autoconfig.xml", context, content_type="application/xml")
