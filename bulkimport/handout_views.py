"""The pages that hand passwords on: sheets to print, and the page that a one-time link opens."""

import uuid

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.new_password_views import of_new_passwords
from accounts.new_passwords import Kept
from bulkimport.access import own_import_or_404
from bulkimport.models import Import
from bulkimport.services.after import accounts_of
from bulkimport.services.handing_out import PasswordChanged, is_key, open_link
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


@of_new_passwords
def mailbox_sheets(request: HttpRequest, new: Kept) -> HttpResponse:
    """Show a sheet or a card for each mailbox whose new password still holds."""
    if not new.holding:
        return redirect(new.record)
    page = Paginator(new.holding, SHEETS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "new": new,
        "page": page,
        "sheets": [sheet_of(mailbox.address, password) for mailbox, password in page.object_list],
        "is_cards": request.GET.get("size") == "cards",
    }
    return render(request, "bulkimport/mailbox_sheets.html", context)


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
    key = typed.rpartition("#")[2].strip(" \t\r\n.,;<>()\"'")  # what may cling to a link that is copied
    if not is_key(key):
        return _ask(request, typed, error=_("This is not a whole link. Copy it once more, from beginning to end."))
    try:
        handed_out = open_link(key)
    except PasswordChanged:
        return _show(request, "bulkimport/handout_changed.html", {})
    if handed_out is None:
        return _show(request, "bulkimport/handout_gone.html", {}, status=404)
    sheet = sheet_of(handed_out.address, handed_out.password)
    return _show(request, "bulkimport/handout_opened.html", {"sheet": sheet})


def _ask(request: HttpRequest, typed: str = "", *, error: str = "") -> HttpResponse:
    return _show(request, "bulkimport/handout_ask.html", {"typed": typed, "error": error})


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a page for whoever has a link. If somebody is signed in to the panel here, that has nothing to do with it.

    Without a referrer, the browser sends no origin either: a form of another page, such as the one to sign out with,
    would be refused.
    """
    response = render(request, template, {"user": AnonymousUser(), **context}, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
