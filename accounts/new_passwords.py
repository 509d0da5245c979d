"""New passwords on their way from the page that shows them to what is made of them: kept nowhere, so it sends them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import domains_of
from accounts.formats import grouped
from accounts.models import Mailbox
from accounts.selection import ids_of

NewPasswords = list[tuple[Mailbox, str]]


def of_new_passwords(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give a view the login's mailboxes with the new passwords that a page sends.

    Where some of them do not hold any more, the others come back on their page instead, which says so.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, **named: str) -> HttpResponseBase:
        sent = ids_of(request.POST.getlist("mailbox"))
        if request.method != "POST" or not sent:
            return redirect("mailbox_list")
        new = _those_that_hold(request, sent)
        if gone := len(sent) - len(new):
            text = ngettext(
                "The new password of %(count)s mailbox does not hold any more: it has been changed, or the mailbox "
                "has been deleted.",
                "The new passwords of %(count)s mailboxes do not hold any more: they have been changed, or the "
                "mailboxes have been deleted.",
                gone,
            )
            messages.warning(request, text % {"count": grouped(gone)})
            return show_new_passwords(request, _("New passwords"), new) if new else redirect("mailbox_list")
        return view(request, new, **named)

    return wrapped


def show_new_passwords(request: HttpRequest, title: str, new: NewPasswords, seed: str = "") -> HttpResponse:
    """Show new passwords, with the ways to hand them on."""
    passwords = [(mailbox.display_address, password) for mailbox, password in new]
    context = {**to_send_again(request, new, seed), "title": title, "passwords": passwords}
    return render(request, "accounts/mailbox_passwords.html", context)


def to_send_again(request: HttpRequest, new: NewPasswords, seed: str = "") -> dict[str, Any]:
    """Return the context of the partial that sends new passwords on. `seed`: of their one-time links."""
    sent = [(mailbox.pk, password, _proof(mailbox, password)) for mailbox, password in new]
    # A switch of the language would lose the passwords, so there is none.
    return {"to_hand_on": sent, "seed": seed or request.POST.get("seed", ""), "keeps": True}


def _those_that_hold(request: HttpRequest, sent: list[int]) -> NewPasswords:
    texts = zip(request.POST.getlist("password"), request.POST.getlist("proof"), strict=False)
    found = dict(zip(sent, texts, strict=False))
    mailboxes = Mailbox.objects.filter(domain__in=domains_of(request.user), pk__in=found)
    pairs = [(mailbox, *found[mailbox.pk]) for mailbox in mailboxes]
    return [
        (mailbox, password)
        for mailbox, password, proof in pairs
        if constant_time_compare(proof, _proof(mailbox, password))
    ]


def _proof(mailbox: Mailbox, password: str) -> str:
    """Return what only the panel can send with a password that it has given a mailbox, while it is the mailbox's.

    Anything less would let a page find out, by trying, the password that an owner has chosen.
    """
    facts = repr((mailbox.pk, mailbox.password_hash, password))
    return salted_hmac("accounts.new_passwords", facts, algorithm="sha256").hexdigest()
