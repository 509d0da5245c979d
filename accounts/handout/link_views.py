"""The list of all one-time links, and the page that a link opens."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AnonymousUser
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
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
from accounts.handout.batches import purge_expired
from accounts.handout.forms import LinkFilterForm
from accounts.handout.links import PasswordChanged, is_key, open_link, revoke_links
from accounts.handout.paper import make_sheet
from accounts.lists import ROWS_PER_PAGE, parse_ids, tab_counts


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def link_list(request: HttpRequest) -> HttpResponse:
    """List all one-time links for the mailboxes of the login, the newest first, with what became of each; revoke some.

    Who looks for something revokes no others.
    """
    form = LinkFilterForm(request.GET, user=request.user)
    links = form.links()
    if request.method == "POST":
        # None that was made after the page was shown: nobody has decided about it.
        shown = links.filter(pk__lte=next(iter(parse_ids([request.POST.get("newest", "")])), 0))
        if form.errors:  # such as a domain that is not the login's any more: not all links were meant
            messages.warning(request, _("The list was changed in another tab. Look at it as it is now."))
        elif request.POST.get("action") == "revoke_all":
            say_revoked(request, revoke_links(shown.waiting()))
        elif chosen := parse_ids(request.POST.getlist("link")):
            say_revoked(request, revoke_links(shown.filter(pk__in=chosen)))
        else:
            messages.warning(request, _("Choose at least one link in the list."))
        return redirect(request.get_full_path())
    purge_expired()
    context = {
        "form": form,
        "page": Paginator(links, ROWS_PER_PAGE).get_page(request.GET.get("page")),
        "waiting": links.waiting().count(),
        "newest": links.newest_id(),
        "tabs": tab_counts(request),
    }
    return render(request, "handout/link_list.html", context)


def say_revoked(request: HttpRequest, count: int) -> None:
    """Tell the person how many links were revoked."""
    if not count:
        messages.warning(request, _("No link was revoked: those you chose are no longer valid."))
        return
    message = ngettext("%(count)s link was revoked.", "%(count)s links were revoked.", count)
    messages.success(request, message % {"count": grouped(count)})


def link_address(request: HttpRequest, key: str) -> str:
    """Return the address to send out: a browser tells no server what stands behind the #."""
    return f"{request.build_absolute_uri(reverse('handout'))}#{key}"


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
        return _show(request, "handout/link_changed.html", {"keeps": True})
    if handed_out is None:
        return _show(request, "handout/link_gone.html", {"keeps": True}, status=404)
    sheet = make_sheet(handed_out.address, handed_out.password)
    return _show(request, "handout/link_opened.html", {"sheet": sheet, "keeps": True})


def _ask(request: HttpRequest, typed: str = "", *, error: str = "") -> HttpResponse:
    return _show(request, "handout/link_ask.html", {"typed": typed, "error": error, "form_kept": "open"})


def _show(request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    """Return a page for whoever has a link. If somebody is signed in to the panel here, that has nothing to do with it.

    Without a referrer, the browser sends no origin either: a form of another page, such as the one to sign out with,
    would be refused.
    """
    response = render(request, template, {"user": AnonymousUser(), **context}, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
