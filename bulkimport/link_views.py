"""The pages of one-time links: make them for an import or for new passwords, see what became of them, revoke them."""

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.formats import grouped
from accounts.new_password_views import of_new_passwords
from accounts.new_passwords import Kept
from accounts.panel.filters import ROWS_PER_PAGE, tab_counts
from accounts.panel.selected import ids_in as ids_of
from bulkimport import downloads
from bulkimport.access import own_import_or_404
from bulkimport.forms import LinkFilterForm
from bulkimport.models import HandoutQuerySet, Import
from bulkimport.services.after import accounts_of, purge_expired
from bulkimport.services.handing_out import (
    Link,
    is_key,
    links_made,
    links_made_for,
    make_links,
    make_links_for,
    new_seed,
)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def import_links(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    """List the mailboxes of an import with what became of their one-time links; make links and revoke them.

    The links that were made are the answer to the form itself, without a redirect: they may be kept nowhere. The form
    has the seed of their keys, so that sending it again shows the same links.
    """
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CREATED:
        return redirect(import_record)
    if request.method == "POST":
        action = request.POST.get("action", "")
        chosen = None if action.endswith("_all") else set(ids_of(request.POST.getlist("mailbox")))
        if chosen == set() and action != "csv":
            messages.warning(request, _("Choose at least one mailbox in the list."))
            return redirect("import_links", import_record.pk)
        if action != "csv" and _is_outdated(request, import_record):
            messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
            return redirect("import_links", import_record.pk)
        if action.startswith("revoke"):
            links = import_record.handouts()
            _revoke(request, links if chosen is None else links.filter(mailbox__in=chosen))
            return redirect("import_links", import_record.pk)
        seed = _seed_of(request)
        if action != "csv":
            make_links(import_record, seed, chosen)
        return _show(request, links_made(import_record, seed), import_record=import_record, seed=seed)
    purge_expired()
    accounts = [account for account in accounts_of(import_record) if account.mailbox]
    link_of = {link.mailbox_id: link for link in import_record.handouts()}  # the newest of each
    rows = [
        (account, account.password_to_hand_out, link_of.get(account.mailbox.pk))
        for account in accounts
        if account.mailbox
    ]
    context = {
        "import": import_record,
        "rows": rows,
        "to_make": sum(bool(password) for _account, password, _link in rows),
        "waiting": sum(bool(link and link.is_waiting) for _account, _password, link in rows),
        "seed": new_seed(),
        "newest": _newest(import_record.handouts()),
    }
    return render(request, "bulkimport/import_links.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def link_list(request: HttpRequest) -> HttpResponse:
    """List all one-time links for the mailboxes of the login, the newest first, with what became of each; revoke some.

    Who looks for something revokes no others.
    """
    form = LinkFilterForm(request.GET, user=request.user)
    found = form.links()
    if request.method == "POST":
        # None that was made after the page was shown: nobody has decided about it.
        shown = found.filter(pk__lte=next(iter(ids_of([request.POST.get("newest", "")])), 0))
        if form.errors:  # such as a domain that is not the login's any more: not all links were meant
            messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
        elif request.POST.get("action") == "revoke_all":
            _revoke(request, shown.waiting())
        elif chosen := ids_of(request.POST.getlist("link")):
            _revoke(request, shown.filter(pk__in=chosen))
        else:
            messages.warning(request, _("Choose at least one link in the list."))
        return redirect(request.get_full_path())
    purge_expired()
    context = {
        "form": form,
        "page": Paginator(found, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "waiting": found.waiting().count(),
        "newest": _newest(found),
        "tabs": tab_counts(request),
    }
    return render(request, "bulkimport/link_list.html", context)


@of_new_passwords
def mailbox_links(request: HttpRequest, new: Kept) -> HttpResponseBase:
    """Make links for the mailboxes with these new passwords, the same each time, and show them or download them."""
    if request.method != "POST" or not new.holding:
        return redirect(new.record)
    if request.POST.get("action") != "csv":
        make_links_for(new.holding, new.link_seed)
    links = links_made_for([mailbox for mailbox, _password in new.holding], new.link_seed)
    missing = len(new.holding) - len(links)
    if links and missing and request.POST.get("action") != "csv":
        text = ngettext(
            "%(count)s mailbox has no link here: its link is no longer valid.",
            "%(count)s mailboxes have no link here: their links are no longer valid.",
            missing,
        )
        messages.warning(request, text % {"count": grouped(missing)})
    return _show(request, links, new=new)


def _is_outdated(request: HttpRequest, import_record: Import) -> bool:
    """Tell whether links were made since the page was shown, other than by itself: they may have been sent."""
    newest = _newest(import_record.handouts())
    return request.POST.get("newest", newest) != newest and not links_made(import_record, request.POST.get("seed", ""))


def _newest(links: HandoutQuerySet) -> str:
    return str(links.aggregate(newest=Max("pk"))["newest"])


def _seed_of(request: HttpRequest) -> str:
    sent = request.POST.get("seed", "")
    return sent if is_key(sent) else new_seed()


def _show(
    request: HttpRequest,
    made: Iterable[Link],
    *,
    import_record: Import | None = None,
    seed: str = "",
    new: Kept | None = None,
) -> HttpResponseBase:
    """Show the links that were made, or download them."""
    page = request.build_absolute_uri(reverse("handout"))
    links = [(link.address, f"{page}#{link.key}") for link in made]
    if not links:
        if import_record:
            messages.warning(request, _("There are no links to show. Look at the list as it is now."))
            return redirect("import_links", import_record.pk)
        messages.warning(request, _("There are no links to show. To make new ones, generate new passwords."))
        return redirect("link_list")
    if request.POST.get("action") == "csv":
        return downloads.as_response(downloads.links(links, import_record))
    context = {
        "import": import_record,
        "new": new,
        "seed": seed,
        "links": [(address, link, "") for address, link in links],
        "days": settings.HANDOUT_VALID.days,
    }
    return render(request, "bulkimport/links_made.html", context)


def _revoke(request: HttpRequest, links: HandoutQuerySet) -> None:
    count = links.revoke()
    if not count:
        messages.warning(request, _("No link was revoked: those you chose are no longer valid."))
        return
    message = ngettext("%(count)s link was revoked.", "%(count)s links were revoked.", count)
    messages.success(request, message % {"count": grouped(count)})
