"""Which mailboxes a page has sent along: those that are ticked in it, or all that match what was looked for."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from accounts.access import domains_of
from accounts.filter_forms import MailboxFilterForm
from accounts.lists import parse_ids
from accounts.models import Mailbox, MailboxQuerySet


def selected_mailboxes(request: HttpRequest) -> MailboxQuerySet:
    """Return the mailboxes that a list has sent along: those ticked, or all that match what was looked for.

    Raises Http404 when none of what was ticked is the login's, unless a form is sent: by its first press they may be
    gone. A filter that cannot be finds nothing here.
    """
    if "all" in request.GET:
        form = MailboxFilterForm(request.GET, user=request.user)
        found = form.mailboxes()
        return found.none() if form.errors else found
    ids = parse_ids(request.GET.getlist("select"))
    chosen = Mailbox.objects.filter(pk__in=ids, domain__in=domains_of(request.user))
    if ids and request.method != "POST" and not chosen.exists():
        raise Http404
    return chosen
