"""The sign-in of a mailbox's owner, with the address and password of the mailbox.

This is separate from Django's login: it does not change `request.user`, so an owner gets no access to the panel, and a
login gives no access to the owner's pages. The session holds the mailbox's id and a digest of its password hash beside
its other data. Signing in or out here does not sign anybody in or out of the panel in the same browser; signing out of
the panel ends both, because it deletes the whole session.
"""

from collections.abc import Callable
from functools import cache, wraps
from typing import Concatenate

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_client_ip_address, get_client_username
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.models import Mailbox, MailboxQuerySet
from accounts.passwords import generate_password, hash_password, verify_password
from accounts.validators import MAX_PASSWORD_LENGTH, normalize_mailbox_address, normalize_password, trimmed

SESSION_KEY = "mailbox_owner"

OwnerView = Callable[Concatenate[HttpRequest, Mailbox, ...], HttpResponseBase]
View = Callable[..., HttpResponseBase]


def owner_page(view: View) -> View:
    """Let everybody see a page; 404 where the owner's pages are switched off."""

    @login_not_required
    @never_cache
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        if not settings.MAILBOX_OWNER_PAGE:
            raise Http404
        return view(request)

    return checked


def require_owner(view: OwnerView) -> View:
    """Give a view the mailbox whose owner is signed in; redirect everybody else to the sign-in."""

    @owner_page
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        mailbox = signed_in_mailbox(request)
        return view(request, mailbox) if mailbox else redirect_to_sign_in(request)

    return checked


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page. After a POST, it says that the session has ended."""
    if request.method == "POST":
        message = _("You have been signed out. Sign in again. If you have just changed the password, use the new one.")
        messages.warning(request, message)
    return redirect("owner_login")


def signed_in_mailbox(request: HttpRequest) -> Mailbox | None:
    """Return the mailbox whose owner is signed in. A changed password or a disabled mailbox ends the session."""
    pk, digest = request.session.get(SESSION_KEY, (None, ""))
    mailbox = _active_mailboxes().filter(pk=pk).select_related("domain", "usage").first()
    return mailbox if mailbox and constant_time_compare(digest, _digest(mailbox)) else None


def sign_in(request: HttpRequest, mailbox: Mailbox) -> None:
    """Sign the owner of a mailbox in. The session gets a new key."""
    request.session[SESSION_KEY] = (mailbox.pk, _digest(mailbox))
    request.session.cycle_key()


def sign_out(request: HttpRequest) -> None:
    """Sign the owner out. A login of the panel in the same session stays."""
    request.session.pop(SESSION_KEY, None)
    if request.session.keys():
        request.session.cycle_key()
    else:
        request.session.flush()


def authenticate(request: HttpRequest, address: str, password: str) -> Mailbox | None:
    """Return the mailbox that a typed address and password belong to, if it is active; else None.

    django-axes counts failures under a name that no login of the panel can have. After too many, its middleware
    replaces the response of the page.
    """
    try:
        address = normalize_mailbox_address(address)
    except ValidationError:
        return _verified(None, password)  # no such mailbox can exist, so the try is not counted
    credentials = {"username": f"mailbox:{address}"}
    mailbox = None
    if AxesProxyHandler.is_allowed(request, credentials):
        mailbox = _verified(_active_mailboxes().filter(address=address).first(), password)
    if mailbox:
        ip_address = get_client_ip_address(request)
        AxesProxyHandler.reset_attempts(ip_address=ip_address, username=get_client_username(request, credentials))
    else:
        AxesProxyHandler.user_login_failed(__name__, credentials=credentials, request=request)
    return mailbox


def _verified(mailbox: Mailbox | None, password: str) -> Mailbox | None:
    """Return the mailbox if the password is correct. It takes as long where there is no mailbox.

    Hashes of chosen and of generated passwords differ in their cost. One hash of each cost is checked, always.
    """
    # Also as it was typed: old passwords were stored without normalization. passlib refuses longer texts.
    typed = {text for text in (normalize_password(password), trimmed(password)) if len(text) <= MAX_PASSWORD_LENGTH}
    hashes = {_cost(made_up): made_up for made_up in _made_up_hashes()}
    if mailbox:
        hashes[_cost(mailbox.password_hash)] = mailbox.password_hash
    correct = [stored for stored in hashes.values() if any(verify_password(text, stored) for text in typed or {""})]
    return mailbox if mailbox and mailbox.password_hash in correct else None


@cache
def _made_up_hashes() -> tuple[str, ...]:
    """Return a hash of each cost, of random passwords."""
    return tuple(hash_password(generate_password(), generated=generated) for generated in (True, False))


def _cost(password_hash: str) -> str:
    """Return the part of a hash that has its algorithm and cost."""
    return password_hash.rsplit("$", 2)[0]


def _active_mailboxes() -> MailboxQuerySet:
    return Mailbox.objects.filter(is_active=True, domain__is_active=True)


def _digest(mailbox: Mailbox) -> str:
    """Return the digest of the password hash that the session holds, keyed with SECRET_KEY."""
    return salted_hmac("accounts.owner", mailbox.password_hash, algorithm="sha256").hexdigest()
