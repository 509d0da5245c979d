"""Which import a login may see, and which mailboxes the new passwords that it sends are of."""

import uuid

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.access import domains_of
from accounts.models import Mailbox
from accounts.selection import ids_of
from bulkimport.models import Import


def own_import_or_404(request: HttpRequest, pk: uuid.UUID) -> Import:
    """Return an import that the login of a request may see. Raises Http404, also for one that there is."""
    imports = Import.objects.seen_by(request.user).select_related("uploaded_by", "customer")
    return get_object_or_404(imports, pk=pk)


def new_passwords_or_404(request: HttpRequest) -> list[tuple[Mailbox, str]]:
    """Return the mailboxes of the login with the new passwords that a page has shown, and sends: they are kept nowhere.

    Raises Http404 when there is none.
    """
    passwords = dict(zip(ids_of(request.POST.getlist("mailbox")), request.POST.getlist("password"), strict=False))
    mailboxes = Mailbox.objects.filter(domain__in=domains_of(request.user), pk__in=passwords)
    if not mailboxes:
        raise Http404
    return [(mailbox, passwords[mailbox.pk]) for mailbox in mailboxes]
