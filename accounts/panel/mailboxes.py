"""The pages of the mailboxes: list, add one, change one, and do something to many."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require_user, usable_domains
from accounts.forms import AccountForm
from accounts.handout.batches import create_batch
from accounts.lists import ROWS_PER_PAGE, tab_counts
from accounts.models import Forward, Mailbox, Submission
from accounts.notices import tell_mailserver, warn_of_account, warn_of_disabled, warn_of_small_quota
from accounts.panel.filters import MailboxFilterForm
from accounts.panel.selected import ACTIONS
from accounts.panel.selection import selected_mailboxes
from accounts.passwords import generate_password, hash_password
from accounts.services import WriteResult
from accounts.submissions import find_repeat, redirect_to_result, submit, submitter


@require_safe
@never_cache
def mailbox_list(request: HttpRequest) -> HttpResponse:
    """List the mailboxes of the login's domains that match the filter."""
    filters = MailboxFilterForm(request.GET, user=request.user)
    # Only the ids are sorted and counted off: with whole rows, the last page of very many mailboxes would take seconds.
    page = Paginator(filters.mailboxes().values_list("pk", flat=True), ROWS_PER_PAGE).get_page(request.GET.get("page"))
    by_id = Mailbox.objects.select_related("domain", "usage").in_bulk(list(page))
    mailboxes = [by_id[pk] for pk in page if pk in by_id]
    forwards = Forward.objects.filter(source__in=[mailbox.address for mailbox in mailboxes], is_active=True)
    by_source = {forward.source: forward for forward in forwards}
    context = {
        "filters": filters,
        "page": page,
        "rows": [(mailbox, by_source.get(mailbox.address)) for mailbox in mailboxes],
        "tabs": tab_counts(request),
        "most_imported": settings.MAX_ACCOUNTS_PER_FILE,
    }
    return render(request, "accounts/mailbox_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_new(request: HttpRequest) -> HttpResponse:
    """Add one mailbox. The next page shows its password where that was generated."""
    form = AccountForm(request.POST if request.method == "POST" else None, domains=usable_domains(request.user))
    form.use_panel_widgets()
    return _save(request, form) or render(request, "accounts/mailbox_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one mailbox, its password and its forward."""
    mailboxes = Mailbox.objects.filter(domain__in=usable_domains(request.user)).select_related("domain", "usage")
    mailbox = get_object_or_404(mailboxes, pk=pk)
    form = AccountForm(request.POST if request.method == "POST" else None, instance=mailbox)
    form.use_panel_widgets()
    try:
        response = _save(request, form)
    except Mailbox.DoesNotExist:  # deleted meanwhile
        raise Http404 from None
    return response or render(request, "accounts/mailbox_edit.html", {"form": form, "mailbox": mailbox})


def _save(request: HttpRequest, form: AccountForm) -> HttpResponse | None:
    """Save the account of a form that was sent, and redirect; None where nothing was sent, or the form has errors."""
    if not form.is_bound:
        return None
    if before := find_repeat(request, form, sent_by=submitter(request)):
        return redirect_to_result(request, before)
    if not form.is_valid():
        return None
    generated = generate_password() if form.wants_generated else None
    password = generated or form.cleaned_data["password"]
    # Hashing is slow on purpose. Outside the transaction, no lock is held meanwhile.
    password_hash = hash_password(password, generated=generated is not None) if password else None
    is_new = form.instance.pk is None
    old_address = form.instance.address
    result = WriteResult()

    def write(submission: Submission) -> None:
        nonlocal result
        result = form.save(password_hash)
        (mailbox,) = result.mailboxes
        if generated:
            batch = create_batch([(mailbox, generated)], made_by=require_user(request), is_of_new_mailboxes=is_new)
            submission.next_url = batch.get_absolute_url()
            return
        message = _("%(address)s has been created.") if is_new else _("%(address)s has been saved.")
        if form.is_renamed:
            message = _("The mailbox is %(address)s now. Its owner signs in with this address from now on.")
        submission.message = message % {"address": mailbox.display_address}
        submission.next_url = reverse("mailbox_list")

    submission = submit(request, form, write, sent_by=submitter(request))
    if submission is None:
        return None
    response = redirect_to_result(request, submission)  # before the warnings: its message comes first
    if not submission.is_repeat:
        tell_mailserver(request, result)
        _warn(request, form, old_address)
    return response


def _warn(request: HttpRequest, form: AccountForm, old_address: str) -> None:
    """Add the warnings about a saved account. old_address: what it was before, empty for a new one."""
    if not form.account.is_active:
        warn_of_disabled(request, [form.account.address])
    if form.is_renamed and not form.cleaned_data["keeps_old_address"]:
        warn_of_disabled(request, [old_address])
    warn_of_account(request, form.account, form.cleaned_data["password"])
    warn_of_small_quota(request, Mailbox.objects.filter(address=form.account.address))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Show what would happen to the selected mailboxes; do it when it is confirmed. The selection stands in the URL."""
    if action not in ACTIONS:
        raise Http404
    sent = MailboxFilterForm(request.GET, user=request.user).sent
    back = reverse("mailbox_list") + (f"?{urlencode(sent)}" if sent else "")
    form = ACTIONS[action](
        request.POST if request.method == "POST" else None,
        user=require_user(request),
        chosen=selected_mailboxes(request),
        back=back,
    )
    if form.is_bound and (before := find_repeat(request, form, sent_by=submitter(request))):
        return redirect_to_result(request, before)
    if form.is_bound and form.is_valid():
        form.prepare()
        submission = submit(request, form, form.write, sent_by=submitter(request))
        if submission:
            response = redirect_to_result(request, submission)  # before the warnings: its message comes first
            if not submission.is_repeat:
                tell_mailserver(request, form.result)
                form.warn(request)
            return response
    if form.too_many and not form.is_bound:
        messages.warning(request, form.too_many)
        return redirect(back)
    if not form.count:
        nothing = _("Nothing is selected. Tick mailboxes in the list first.")
        gone = _("These mailboxes are not there any more.")
        messages.warning(request, form.untouched() or (gone if form.is_bound else nothing))
        return redirect(back)
    return render(request, "accounts/mailbox_bulk.html", {"form": form, "back": back})
