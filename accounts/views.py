"""The list of mailboxes, and whether the panel works."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.filter_forms import MailboxFilterForm
from accounts.lists import ROWS_PER_PAGE, parse_ids, tab_counts
from accounts.models import Forward, Mailbox


@require_safe
@never_cache
def mailbox_list(request: HttpRequest) -> HttpResponse:
    """List the mailboxes of all domains of the login, those that match what is asked for."""
    form = MailboxFilterForm(request.GET, user=request.user)
    # Only ids are sorted: with all that a row shows, the last page of very many mailboxes would take seconds.
    page = Paginator(form.mailboxes().values_list("pk", flat=True), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    found = Mailbox.objects.select_related("domain", "usage").in_bulk(list(page))
    mailboxes = [found[pk] for pk in page if pk in found]
    forwards = Forward.objects.filter(source__in=[mailbox.address for mailbox in mailboxes], is_active=True)
    forward_of = {forward.source: forward for forward in forwards}
    context = {
        "form": form,
        "page": page,
        "rows": [(mailbox, forward_of.get(mailbox.address)) for mailbox in mailboxes],
        "tabs": tab_counts(request),
        "most_imported": settings.MAX_ACCOUNTS_PER_FILE,
        "ticked": parse_ids(request.GET.getlist("select")),  # before the language was switched
        "form_kept": "selection",  # with what was looked for; only without script, what was not yet is lost
    }
    return render(request, "accounts/mailbox_list.html", context)


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer "ok" when the database answers; for whoever watches the panel."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
