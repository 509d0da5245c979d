"""The pages that hand passwords on: sheets to print, one-time links to send, and the page that such a link opens."""

import uuid

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.i18n import set_language

from accounts.formats import grouped
from accounts.selection import ids_of
from bulkimport import downloads
from bulkimport.access import new_passwords_or_404, own_import_or_404
from bulkimport.models import Import
from bulkimport.services.after import accounts_of, purge_expired
from bulkimport.services.handing_out import PasswordChanged, is_key, links_made, make_links, new_seed, open_link
from bulkimport.sheets import sheet_of, sheets_of

SHEETS_PER_PAGE = 100  # a job that a printer takes; 500 QR codes would take seconds to draw


@require_safe
@never_cache
def import_sheets(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a sheet or a card for each mailbox of an import, made for paper."""
    import_record = own_import_or_404(request, pk)
    if import_record.status != Import.Status.CREATED:
        return redirect(import_record)
    accounts = [account for account in accounts_of(import_record) if account.mailbox]
    page = Paginator(accounts, SHEETS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "import": import_record,
        "page": page,
        "sheets": sheets_of(page.object_list),
        "is_cards": request.GET.get("size") == "cards",
    }
    return render(request, "bulkimport/import_sheets.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_sheets(request: HttpRequest) -> HttpResponse:
    """Show a sheet or a card for each of the mailboxes whose new passwords a page shows."""
    if request.method != "POST":
        return redirect("mailbox_list")
    new = new_passwords_or_404(request)
    context = {
        "to_hand_on": [(mailbox.pk, password) for mailbox, password in new],
        "sheets": [sheet_of(mailbox.address, password) for mailbox, password in new],
        "is_cards": request.POST.get("size") == "cards",
        "keeps": True,  # a switch of the language would lose the passwords
    }
    return render(request, "bulkimport/mailbox_sheets.html", context)


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
            return _revoke(request, import_record, chosen)
        return _make(request, import_record, chosen)
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
        "usable": sum(bool(link and link.is_usable and not account.has_other_password) for account, _, link in rows),
        "seed": new_seed(),
        "newest": _newest(import_record),
    }
    return render(request, "bulkimport/import_links.html", context)


@require_safe
@never_cache
@login_not_required
def handout(request: HttpRequest) -> HttpResponse:
    """Ask for a click before a link is used up, so that whoever only looks at it, such as a mail scanner, does not."""
    return _ask(request)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
@csrf_exempt  # the docstring says why
def handout_open(request: HttpRequest) -> HttpResponse:
    """Show the password of a link, once.

    Without a token against forged forms: the key is all that counts, and whoever has it can open the link anyway. So
    it works where a browser keeps no cookies, and although the pages send no referrer and hence no origin.
    """
    if request.method != "POST":
        return redirect("handout")
    typed = request.POST.get("link", "")
    if language := request.POST.get("language"):
        cookie = set_language(request).cookies
        if translation.check_for_language(language):
            translation.activate(language)
        response = _ask(request, typed)
        response.cookies.update(cookie)
        return response
    key = typed.rpartition("#")[2].strip(" \t\r\n.,;<>()\"'")  # what may cling to a link that is copied
    if not is_key(key):
        return _ask(request, typed, error=_("This is not a whole link. Copy it once more, from beginning to end."))
    try:
        handed_out = open_link(key)
    except PasswordChanged:
        return _show(request, "bulkimport/handout_changed.html", {"keeps": True})
    if handed_out is None:
        return _show(request, "bulkimport/handout_gone.html", {"keeps": True}, status=404)
    sheet = sheet_of(handed_out.address, handed_out.password)
    return _show(request, "bulkimport/handout_opened.html", {"sheet": sheet, "keeps": True})


def _is_outdated(request: HttpRequest, import_record: Import) -> bool:
    """Tell whether links were made since the page was shown, other than by itself: they may have been sent."""
    newest = _newest(import_record)
    return request.POST.get("newest", newest) != newest and not links_made(import_record, request.POST.get("seed", ""))


def _newest(import_record: Import) -> str:
    return str(import_record.handouts().aggregate(newest=Max("pk"))["newest"])


def _make(request: HttpRequest, import_record: Import, chosen: set[int] | None) -> HttpResponseBase:
    """Make links, and show them or download them."""
    sent = request.POST.get("seed", "")
    seed = sent if is_key(sent) else new_seed()
    if request.POST.get("action") != "csv":
        make_links(import_record, seed, chosen)
    page = request.build_absolute_uri(reverse("handout"))
    links = [(link.address, f"{page}#{link.key}") for link in links_made(import_record, seed)]
    if not links:
        messages.warning(request, _("There are no links to show. Look at the list as it is now."))
        return redirect("import_links", import_record.pk)
    if request.POST.get("action") == "csv":
        return downloads.as_response(downloads.links(import_record, links))
    context = {"import": import_record, "links": links, "seed": seed, "days": settings.HANDOUT_VALID.days}
    context["keeps"] = True  # a switch of the language would lose the links, so there is none
    return render(request, "bulkimport/import_links_made.html", context)


def _revoke(request: HttpRequest, import_record: Import, chosen: set[int] | None) -> HttpResponse:
    links = import_record.handouts()
    count = (links if chosen is None else links.filter(mailbox__in=chosen)).revoke()
    message = ngettext("%(count)s link was revoked.", "%(count)s links were revoked.", count)
    messages.success(request, message % {"count": grouped(count)})
    return redirect("import_links", import_record.pk)


def _ask(request: HttpRequest, typed: str = "", *, error: str = "") -> HttpResponse:
    return _show(request, "bulkimport/handout_ask.html", {"typed": typed, "error": error, "form_kept": "open"})


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a page for whoever has a link. If somebody is signed in to the panel here, that has nothing to do with it.

    Without a referrer, the browser sends no origin either: a form of another page, such as the one to sign out with,
    would be refused.
    """
    response = render(request, template, {"user": AnonymousUser(), **context}, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
