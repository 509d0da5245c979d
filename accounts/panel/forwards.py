"""The pages of the forwards: list, add, change, delete."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import usable_domains
from accounts.forms import FORWARD_CHANGED, ForwardForm, style_fields
from accounts.lists import ROWS_PER_PAGE, tab_counts
from accounts.models import Forward, ForwardQuerySet, Mailbox, Submission
from accounts.notices import warn_of_unreachable
from accounts.panel.filters import ForwardFilterForm
from accounts.rules.forwards import forwards_leading_to
from accounts.services import Outdated, delete_forwards
from accounts.submissions import find_repeat, redirect_to_result, submit, submitter


@require_safe
@never_cache
def forward_list(request: HttpRequest) -> HttpResponse:
    """List the forwards of the login's domains that match the filter."""
    filters = ForwardFilterForm(request.GET, user=request.user)
    has_no_mailbox = ~Exists(Mailbox.objects.filter(address=OuterRef("source")))
    forwards = filters.forwards().select_related("domain").annotate(has_no_mailbox=has_no_mailbox).order_by("source")
    page = Paginator(forwards, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    context = {"filters": filters, "page": page, "tabs": tab_counts(request)}
    return render(request, "accounts/forward_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_new(request: HttpRequest) -> HttpResponse:
    """Add a forward, of an address that may or may not have a mailbox."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the destinations of a forward, whether a copy stays, and whether it is active."""
    return _edit(request, get_object_or_404(_usable_forwards(request).select_related("domain"), pk=pk))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def forward_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Show what deleting a forward would break; delete it when that is confirmed."""
    forward = _usable_forwards(request).filter(pk=pk).first()
    if request.method == "POST":
        if forward is None:  # deleted by the first of two clicks, or in another tab
            messages.warning(request, _("This forward is not there any more."))
            return redirect("forward_list")
        try:
            if request.POST.get("shown_version") != str(forward.version):
                raise Outdated
            delete_forwards(forwards=[forward])
        except Outdated:
            messages.warning(request, FORWARD_CHANGED)
            return redirect("forward_delete", pk)
        messages.success(request, _("The forward of %(address)s has been deleted.") % {"address": forward})
        return redirect("forward_list")
    if forward is None:
        raise Http404
    has_mailbox = Mailbox.objects.filter(address=forward.source).exists()
    broken = [] if has_mailbox else forwards_leading_to([forward.source], _usable_forwards(request))
    context = {"forward": forward, "has_mailbox": has_mailbox, "broken": broken}
    return render(request, "accounts/forward_delete.html", context)


def _usable_forwards(request: HttpRequest) -> ForwardQuerySet:
    return Forward.objects.filter(domain__in=usable_domains(request.user))


def _edit(request: HttpRequest, forward: Forward | None) -> HttpResponse:
    form = ForwardForm(
        request.POST if request.method == "POST" else None, instance=forward, domains=usable_domains(request.user)
    )
    style_fields(form)
    if form.is_bound and (before := find_repeat(request, form, sent_by=submitter(request))):
        return redirect_to_result(request, before)
    if form.is_bound and form.is_valid():

        def write(submission: Submission) -> None:
            submission.message = _("The forward of %(address)s has been saved.") % {"address": form.save()}
            submission.next_url = reverse("forward_list")

        try:
            submission = submit(request, form, write, sent_by=submitter(request))
        except Forward.DoesNotExist:  # deleted meanwhile: it must not be created again
            raise Http404 from None
        if submission:
            response = redirect_to_result(request, submission)  # before the warnings: its message comes first
            if not submission.is_repeat and form.cleaned_data["is_active"]:
                warn_of_unreachable(request, form.cleaned_data["destinations"])
            return response
    return render(request, "accounts/forward_edit.html", {"form": form, "forward": form.instance})
