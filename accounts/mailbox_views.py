"""The pages of the mailboxes: add one, change one, and do something to many."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import domains_of
from accounts.bulk import ACTIONS, BulkForm, PasswordsForm
from accounts.filter_forms import MailboxFilterForm
from accounts.models import Domain, Mailbox
from accounts.notices import end_sessions_and_say, warn_of_account, warn_of_disabled
from accounts.panel_forms import MailboxEditForm, NewMailboxForm
from accounts.selection import selected_mailboxes


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_new(request: HttpRequest) -> HttpResponse:
    """Add one mailbox. A generated password is shown next."""
    data = request.POST if request.method == "POST" else None
    form = NewMailboxForm(data, user=request.user)
    saved = form.save() if form.is_bound and form.is_valid() else None
    if mailbox := (saved[0] if saved else form.sent_before() if form.is_bound else None):
        is_chosen = bool(form.cleaned_data["password"])
        if is_chosen:
            title = _("%(address)s has been created") % {"address": mailbox.display_address}
            messages.success(request, f"{title}.")
        warn_of_account(request, form)
        return redirect("mailbox_list") if is_chosen else redirect("new_passwords", form.kept_id)
    return render(request, "accounts/mailbox_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one mailbox, its password and its forward."""
    own = Mailbox.objects.filter(domain__in=domains_of(request.user)).select_related("domain", "usage")
    mailbox = get_object_or_404(own, pk=pk)
    form = MailboxEditForm(request.POST if request.method == "POST" else None, mailbox=mailbox, user=request.user)
    try:
        saved = form.save() if form.is_bound and form.is_valid() else None
    except Mailbox.DoesNotExist:
        raise Http404 from None
    if saved:
        if not saved[1]:
            messages.success(request, _("%(address)s has been saved.") % {"address": mailbox.display_address})
        if form.locks_out:
            end_sessions_and_say(request, [mailbox.address])
        if not form.cleaned_data["is_active"]:
            warn_of_disabled(request, [mailbox.address])
        warn_of_account(request, form)
        return redirect("new_passwords", form.kept_id) if saved[1] else redirect("mailbox_list")
    return render(request, "accounts/mailbox_edit.html", {"form": form, "mailbox": mailbox})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Say what would happen to the selected mailboxes; do it when it is confirmed. The selection stands in the URL."""
    if action not in ACTIONS:
        raise Http404
    sent = MailboxFilterForm(request.GET, user=request.user).sent
    back = reverse("mailbox_list") + (f"?{urlencode(sent)}" if sent else "")
    chosen = selected_mailboxes(request)
    form = ACTIONS[action](request.POST if request.method == "POST" else None, request=request, chosen=chosen)
    if form.is_bound:
        form.prepare()
        if _done(form):
            if not isinstance(form, PasswordsForm):
                messages.success(request, form.done)
            if form.locks_out and not form.was_sent_before:
                end_sessions_and_say(request, list(form.affected.values()))
            if action == "disable":
                warn_of_disabled(request, list(form.affected.values()))
            if isinstance(form, PasswordsForm):
                return redirect("new_passwords", form.kept_id)
            return redirect(back)
    if form.too_many and not form.is_bound:
        messages.warning(request, form.too_many)
        return redirect(back)
    if not form.count:
        nothing = _("Nothing is selected. Tick mailboxes in the list first.")
        gone = _("These mailboxes are not there any more.")
        messages.warning(request, form.untouched() or (gone if form.is_bound else nothing))
        return redirect(back)
    context = {"form": form, "back": back}
    return render(request, "accounts/mailbox_bulk.html", context)


def _done(form: BulkForm) -> bool:
    """Check under the lock what was confirmed, do it, and tell whether that was possible."""
    with transaction.atomic():
        Domain.objects.lock(set(form.chosen.order_by().values_list("domain", flat=True).distinct()))
        if form.is_valid():
            form.write()
            return True
    return False
