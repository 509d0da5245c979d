"""New passwords on their way from the page that shows them to what is made of them: kept nowhere, so it sends them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import domains_of
from accounts.models import Mailbox
from accounts.passwords import verify_password
from accounts.selection import ids_of
from accounts.validators import MAX_PASSWORD_LENGTH

NewPasswords = list[tuple[Mailbox, str]]  # an empty password where the mailbox has another one by now


def of_new_passwords(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give a view the login's mailboxes with the new passwords that a page sends; without any, lead to the list."""

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, **named: str) -> HttpResponseBase:
        if request.method == "POST" and (new := _new_passwords(request)):
            return view(request, new, **named)
        if request.method == "POST":
            messages.warning(request, _("These mailboxes are not there any more."))
        return redirect("mailbox_list")

    return wrapped


def to_send_again(request: HttpRequest, new: NewPasswords) -> dict[str, Any]:
    """Return the context of the partial that sends new passwords on, for a page that they were sent to."""
    pairs = [(mailbox.pk, password) for mailbox, password in new]
    # A switch of the language would lose the passwords, so there is none.
    return {"to_hand_on": pairs, "seed": request.POST.get("seed", ""), "keeps": True}


def _new_passwords(request: HttpRequest) -> NewPasswords:
    sent = dict(zip(ids_of(request.POST.getlist("mailbox")), request.POST.getlist("password"), strict=False))
    mailboxes = Mailbox.objects.filter(domain__in=domains_of(request.user), pk__in=sent)
    return [(mailbox, sent[mailbox.pk] if _is_of(mailbox, sent[mailbox.pk]) else "") for mailbox in mailboxes]


def _is_of(mailbox: Mailbox, password: str) -> bool:
    # None is longer than that, and passlib would refuse to look at it.
    return len(password) <= MAX_PASSWORD_LENGTH and verify_password(password, mailbox.password_hash)
