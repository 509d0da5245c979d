"""Who the owner's pages are talking to: the owner of a mailbox, signed in with its address and password.

This is no login of Django's: `request.user` stays what it is, so that nothing of the panel opens to an owner, and no
login opens these pages. The session holds the mailbox's id and a digest of its hash beside whatever else is in it. A
person who is signed in to the panel in the same browser stays so when they sign in or out here; signing out of the
panel ends both, since it drops the whole session.
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
    """Let anybody see a page, where the owner's pages are switched on."""

    @login_not_required
    @never_cache
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        if not settings.MAILBOX_OWNER_PAGE:
            raise Http404
        return view(request)

    return checked


def owners_own(view: OwnerView) -> View:
    """Give a page the mailbox whose owner is signed in; ask everybody else to sign in."""

    @owner_page
    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        mailbox = signed_in_mailbox(request)
        return view(request, mailbox) if mailbox else ask_again(request)

    return checked


def ask_again(request: HttpRequest) -> HttpResponse:
    """Lead to the sign-in; whoever has sent something is told that they are signed in no more."""
    if request.method == "POST":
        message = _("You have been signed out. Sign in again. If you have just changed the password, use the new one.")
        messages.warning(request, message)
    return redirect("owner_login")


def signed_in_mailbox(request: HttpRequest) -> Mailbox | None:
    """Return the mailbox whose owner is signed in. A changed password or a disabled mailbox ends that at once."""
    pk, digest = request.session.get(SESSION_KEY, (None, ""))
    mailbox = _serving().filter(pk=pk).select_related("domain", "usage").first()
    return mailbox if mailbox and constant_time_compare(digest, _digest(mailbox)) else None


def sign_in(request: HttpRequest, mailbox: Mailbox) -> None:
    """Take a person for the owner of a mailbox from now on, in a session with a new key."""
    request.session[SESSION_KEY] = (mailbox.pk, _digest(mailbox))
    request.session.cycle_key()


def sign_out(request: HttpRequest) -> None:
    """Forget the owner; a login of the panel in the same session stays."""
    request.session.pop(SESSION_KEY, None)
    if request.session.keys():
        request.session.cycle_key()
    else:
        request.session.flush()


def authenticate(request: HttpRequest, address: str, password: str) -> Mailbox | None:
    """Return the mailbox that a typed address and password belong to, if it may sign in.

    Tries are counted by django-axes under a name that no login of the panel can have. After too many its middleware
    answers in the place of the page, whatever it is.
    """
    try:
        address = normalize_mailbox_address(address)
    except ValidationError:
        return _verified(None, password)  # no such mailbox can be, so there is nothing to protect
    credentials = {"username": f"mailbox:{address}"}
    mailbox = None
    if AxesProxyHandler.is_allowed(request, credentials):
        mailbox = _verified(_serving().filter(address=address).first(), password)
    if mailbox:
        ip_address = get_client_ip_address(request)
        AxesProxyHandler.reset_attempts(ip_address=ip_address, username=get_client_username(request, credentials))
    else:
        AxesProxyHandler.user_login_failed(__name__, credentials=credentials, request=request)
    return mailbox


def _verified(mailbox: Mailbox | None, password: str) -> Mailbox | None:
    """Return the mailbox if the password is its own. It takes as long where there is none.

    Hashes are of two costs, that of chosen and that of generated passwords: one of each is checked, always.
    """
    # As it was typed as well: passwords of before were stored so. None is too long, which passlib would refuse.
    typed = {text for text in (normalize_password(password), trimmed(password)) if len(text) <= MAX_PASSWORD_LENGTH}
    hashes = {_cost(made_up): made_up for made_up in _made_up_hashes()}
    if mailbox:
        hashes[_cost(mailbox.password_hash)] = mailbox.password_hash
    right = [stored for stored in hashes.values() if any(verify_password(text, stored) for text in typed or {""})]
    return mailbox if mailbox and mailbox.password_hash in right else None


@cache
def _made_up_hashes() -> tuple[str, ...]:
    """Return a hash of each cost, of passwords that nobody knows."""
    return tuple(hash_password(generate_password(), generated=generated) for generated in (True, False))


def _cost(password_hash: str) -> str:
    """Return the part of a hash that says how costly it is."""
    return password_hash.rsplit("$", 2)[0]


def _serving() -> MailboxQuerySet:
    return Mailbox.objects.filter(is_active=True, domain__is_active=True)


def _digest(mailbox: Mailbox) -> str:
    return salted_hmac("accounts.owner", mailbox.password_hash, algorithm="sha256").hexdigest()
