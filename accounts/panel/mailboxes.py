"""The pages of the mailboxes: list, add one, change one, and do something to many."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import domains_of, login_of
from accounts.forms import AccountForm, dress
from accounts.handout.batches import create_batch
from accounts.lists import ROWS_PER_PAGE, parse_ids, tab_counts
from accounts.models import Forward, Mailbox, Submission
from accounts.notices import tell_mailserver, warn_of_account, warn_of_disabled
from accounts.panel.filters import MailboxFilterForm
from accounts.panel.selected import ACTIONS, selected_mailboxes
from accounts.passwords import generate_password, hash_password
from accounts.services import Written
from accounts.submissions import led_to, sender, sent_before, submit


@require_safe
@never_cache
def mailbox_list(request: HttpRequest) -> HttpResponse:
    """List the mailboxes of all domains of the login, those that match what is asked for."""
    filters = MailboxFilterForm(request.GET, user=request.user)
    # Only ids are sorted: with all that a row shows, the last page of very many mailboxes would take seconds.
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
        "ticked": parse_ids(request.GET.getlist("select")),
    }
    return render(request, "accounts/mailbox_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_new(request: HttpRequest) -> HttpResponse:
    """Add one mailbox. A generated password is shown next."""
    form = AccountForm(request.POST if request.method == "POST" else None, domains=domains_of(request.user))
    dress(form)
    return _save(request, form) or render(request, "accounts/mailbox_new.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one mailbox, its password and its forward."""
    own = Mailbox.objects.filter(domain__in=domains_of(request.user)).select_related("domain", "usage")
    mailbox = get_object_or_404(own, pk=pk)
    form = AccountForm(request.POST if request.method == "POST" else None, instance=mailbox)
    dress(form)
    try:
        answer = _save(request, form)
    except Mailbox.DoesNotExist:  # deleted meanwhile
        raise Http404 from None
    return answer or render(request, "accounts/mailbox_edit.html", {"form": form, "mailbox": mailbox})


def _save(request: HttpRequest, form: AccountForm) -> HttpResponse | None:
    """Save the account of a form that was sent, and lead on; None where there is nothing to save or it may not be."""
    if not form.is_bound:
        return None
    if before := sent_before(request, sender(request)):
        return led_to(request, before)
    if not form.is_valid():
        return None
    generated = generate_password() if form.wants_generated else None
    password = generated or form.cleaned_data["password"]
    # Hashing is slow on purpose. Outside a transaction nobody waits for the domain meanwhile.
    password_hash = hash_password(password, generated=generated is not None) if password else None
    is_new = form.instance.pk is None
    written = Written()

    def write(made: Submission) -> None:
        nonlocal written
        written = form.save(password_hash)
        (mailbox,) = written.mailboxes
        if generated:
            batch = create_batch([(mailbox, generated)], made_by=login_of(request), is_of_new_mailboxes=is_new)
            made.next_url = batch.get_absolute_url()
            return
        message = _("%(address)s has been created.") if is_new else _("%(address)s has been saved.")
        made.next_url, made.message = reverse("mailbox_list"), message % {"address": mailbox.display_address}

    made = submit(request, form, write, sent_by=sender(request))
    if made is None:
        return None
    answer = led_to(request, made)  # what was done is said first
    if not made.is_repeat:
        tell_mailserver(request, written)
        if not form.account.is_active:
            warn_of_disabled(request, [form.account.address])
        warn_of_account(request, form.account, form.cleaned_data["password"])
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mailbox_bulk(request: HttpRequest, action: str) -> HttpResponse:
    """Say what would happen to the selected mailboxes; do it when it is confirmed. The selection stands in the URL."""
    if action not in ACTIONS:
        raise Http404
    if request.method == "POST" and (before := sent_before(request, sender(request))):
        return led_to(request, before)
    sent = MailboxFilterForm(request.GET, user=request.user).sent
    back = reverse("mailbox_list") + (f"?{urlencode(sent)}" if sent else "")
    form = ACTIONS[action](
        request.POST if request.method == "POST" else None,
        user=login_of(request),
        chosen=selected_mailboxes(request),
        back=back,
    )
    if form.is_bound and form.is_valid():
        form.prepare()
        made = submit(request, form, form.write, sent_by=sender(request))
        if made:
            answer = led_to(request, made)  # what was done is said first
            if not made.is_repeat:
                tell_mailserver(request, form.written)
            if action == "disable" and not made.is_repeat:
                warn_of_disabled(request, form.written.signed_out)
            return answer
    if form.too_many and not form.is_bound:
        messages.warning(request, form.too_many)
        return redirect(back)
    if not form.count:
        nothing = _("Nothing is selected. Tick mailboxes in the list first.")
        gone = _("These mailboxes are not there any more.")
        messages.warning(request, form.untouched() or (gone if form.is_bound else nothing))
        return redirect(back)
    return render(request, "accounts/mailbox_bulk.html", {"form": form, "back": back})
