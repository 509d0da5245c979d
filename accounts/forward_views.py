"""The pages of the forwards: list, add, change, delete."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import domains_of
from accounts.filter_forms import ForwardFilterForm
from accounts.lists import ROWS_PER_PAGE, tab_counts
from accounts.models import Domain, Forward, ForwardQuerySet, Mailbox
from accounts.notices import warn_of_unreachable
from accounts.panel_forms import PanelForwardForm


@require_safe
@never_cache
def forward_list(request: HttpRequest) -> HttpResponse:
    """List the forwards of all domains of the login, those that match what is asked for."""
    form = ForwardFilterForm(request.GET, user=request.user)
    has_no_mailbox = ~Exists(Mailbox.objects.filter(address=OuterRef("source")))
    forwards = form.forwards().select_related("domain").annotate(has_no_mailbox=has_no_mailbox).order_by("source")
    page = Paginator(forwards, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"form": form, "page": page, "tabs": tab_counts(request)}
    return render(request, "accounts/forward_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_new(request: HttpRequest) -> HttpResponse:
    """Add a forward, of an address that may or may not have a mailbox."""
    return _edit(request, Forward())


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change where a forward leads to, whether a copy stays, and whether it is switched on."""
    return _edit(request, get_object_or_404(_own(request), pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what deleting a forward would break; do it when it is confirmed."""
    forward = _own(request).filter(pk=pk).first()
    if request.method == "POST":
        if forward and _own(request).filter(pk=pk).delete()[0]:
            messages.success(request, _("The forward of %(address)s has been deleted.") % {"address": forward})
        else:  # by the first of two presses, or in another tab
            messages.warning(request, _("This forward is not there any more."))
        return redirect("forward_list")
    if forward is None:
        raise Http404
    has_mailbox = Mailbox.objects.filter(address=forward.source).exists()
    broken = [] if has_mailbox else _own(request).leading_to([forward.source])
    context = {"forward": forward, "has_mailbox": has_mailbox, "broken": broken}
    return render(request, "accounts/forward_delete.html", context)


def _own(request: HttpRequest) -> ForwardQuerySet:
    return Forward.objects.filter(domain__in=domains_of(request.user))


def _edit(request: HttpRequest, forward: Forward) -> HttpResponse:
    domains = domains_of(request.user)
    if request.method == "POST":
        with transaction.atomic():  # which makes the rules hold until it is written
            if forward.pk:  # deleted meanwhile, it must not be made anew
                Domain.objects.lock([forward.domain_id])
                forward = get_object_or_404(_own(request), pk=forward.pk)
            form = PanelForwardForm(request.POST, instance=forward, domains=domains)
            is_valid = form.is_valid()
            if is_valid:
                form.save()
            if is_valid or form.sent_before():
                messages.success(request, _("The forward of %(address)s has been saved.") % {"address": forward})
                if forward.is_active:
                    warn_of_unreachable(request, forward.destinations.split())
                return redirect("forward_list")
    else:
        form = PanelForwardForm(instance=forward, domains=domains)
    return render(request, "accounts/forward_edit.html", {"form": form, "forward": forward})
