"""The list of all one-time links, and the page that a link opens."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.formats import grouped
from accounts.handout.batches import purge_expired
from accounts.handout.forms import LinkFilterForm, LinksForm
from accounts.handout.links import PasswordChanged, is_key, open_link, revoke_shown_links
from accounts.handout.models import LinkQuerySet
from accounts.handout.paper import make_sheet
from accounts.lists import ROWS_PER_PAGE, tab_counts
from accounts.models import Submission
from accounts.services import Outdated, Refused
from accounts.submissions import find_repeat, redirect_to_result, submit, submitter


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def link_list(request: HttpRequest) -> HttpResponse:
    """List the one-time links for the mailboxes of the login, the newest first, each with its state; revoke some.

    With a filter, only the links that match it can be revoked.
    """
    filters = LinkFilterForm(request.GET, user=request.user)
    links = filters.links()
    form = LinksForm(request.POST if request.method == "POST" else None, links=links, ticked="link")
    if form.is_bound:

        def change() -> str:
            if filters.errors:  # such as a domain that is no longer the login's: the list would show all links now
                raise Outdated
            chosen = links.waiting() if form.chosen is None else links.filter(pk__in=form.chosen)
            return revoke(chosen, form)

        return change_links(request, form, change, nothing_chosen=_("Choose at least one link in the list."))
    purge_expired()
    context = {
        "filters": filters,
        "form": form,
        "page": Paginator(links, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "waiting": links.waiting().count(),
        "tabs": tab_counts(request),
    }
    return render(request, "handout/link_list.html", context)


def change_links(
    request: HttpRequest, form: LinksForm, change: Callable[[], str], *, nothing_chosen: str
) -> HttpResponse:
    """Do once what a form asks for, and redirect to its page, which shows a message.

    change: makes or revokes the links and returns the message. nothing_chosen: the message where nothing was ticked.
    """

    def work(submission: Submission) -> None:
        submission.next_url, submission.message = request.get_full_path(), change()

    if before := find_repeat(request, form, sent_by=submitter(request)):
        return redirect_to_result(request, before)
    if form.is_valid():
        if form.chosen == []:
            form.add_error(None, nothing_chosen)
        elif submission := submit(request, form, work, sent_by=submitter(request)):
            return redirect_to_result(request, submission)
    for problem in form.non_field_errors():
        messages.warning(request, str(problem))
    return redirect(request.get_full_path())


def revoke(links: LinkQuerySet, form: LinksForm) -> str:
    """Revoke links that a page has shown, and return the message. Raises Outdated, and Refused where none was valid."""
    count = revoke_shown_links(links, shown=form.links, version=form.sent_version)
    if not count:
        raise nothing_done(_("No link was revoked: those you chose are no longer valid."))
    message = ngettext("%(count)s link was revoked.", "%(count)s links were revoked.", count)
    return message % {"count": grouped(count)}


def nothing_done(text: str) -> Refused:
    """Return the exception for a form that had nothing to do."""
    return Refused({"": {"": [ValidationError(text)]}})


def link_address(request: HttpRequest, key: str) -> str:
    """Return the address to send out. Browsers do not send what follows the # to the server, so no log has the key."""
    return f"{request.build_absolute_uri(reverse('handout'))}#{key}"


@require_safe
@never_cache
@login_not_required
def handout(request: HttpRequest) -> HttpResponse:
    """Ask for a click before a link is used up: a mail scanner that only opens the address must not use it up."""
    return _ask(request)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
@csrf_exempt  # the docstring says why
def handout_open(request: HttpRequest) -> HttpResponse:
    """Show the password of a link, once.

    Without protection against forged forms: only the key counts, and who has it can open the link anyway. So it works
    in a browser without cookies, and although the pages send no referrer and hence no origin.
    """
    if request.method != "POST":
        return redirect("handout")
    typed = request.POST.get("link", "")
    key = typed.rpartition("#")[2].strip(" \t\r\n.,;<>()\"'")  # signs that may be copied together with a link
    if not is_key(key):
        return _ask(request, typed, error=_("This is not a whole link. Copy it once more, from beginning to end."))
    try:
        handed_out = open_link(key)
    except PasswordChanged:
        return _show(request, "handout/link_changed.html", {})
    if handed_out is None:
        return _show(request, "handout/link_gone.html", {}, status=404)
    sheet = make_sheet(handed_out.address, handed_out.password)
    return _show(request, "handout/link_opened.html", {"sheet": sheet})


def _ask(request: HttpRequest, typed: str = "", *, error: str = "") -> HttpResponse:
    return _show(request, "handout/link_ask.html", {"typed": typed, "error": error})


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a page for whoever has a link. It is the same whether the browser is signed in to the panel or not.

    Without a referrer, the browser sends no origin either, so a form of the panel in it, such as the one to sign out,
    would be refused.
    """
    response = render(request, template, {"user": AnonymousUser(), **context}, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
