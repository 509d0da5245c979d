"""The owner's pages: how full their mailbox is, a new password, and where messages are passed on to."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.client_settings import IMAP, SMTP, client_hostname
from accounts.mailserver.control import end_sessions
from accounts.models import Mailbox, Submission
from accounts.owner.forms import OwnerForwardForm, OwnerLoginForm, OwnerPasswordForm, own_forward
from accounts.owner.session import ask_again, authenticate, owner_page, owners_own, sign_in, sign_out, signed_in_mailbox
from accounts.passwords import hash_password
from accounts.services import Outdated, change_mailbox
from accounts.submissions import find_submission, redirect_to_result, submit


@require_http_methods(["GET", "HEAD", "POST"])
@owner_page
def owner_login(request: HttpRequest) -> HttpResponse:
    """Sign in with the address and password of a mailbox."""
    if request.method != "POST" and signed_in_mailbox(request):
        return redirect("owner_home")
    form = OwnerLoginForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        mailbox = authenticate(request, form["address"].value() or "", form["password"].value() or "")
        if mailbox:
            sign_in(request, mailbox)
            return redirect("owner_home")
    return _page(request, "accounts/owner_login.html", {"form": form, "is_wrong": form.is_bound})


@require_POST
@owner_page
def owner_logout(request: HttpRequest) -> HttpResponse:
    sign_out(request)
    return redirect("owner_login")


@require_safe
@owners_own
def owner_home(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Show how full the mailbox is, where its messages go, and what to set in a mail program."""
    context = {
        "mailbox": mailbox,
        "forward": own_forward(mailbox),
        "may_forward": settings.MAILBOX_OWNER_FORWARD,
        "hostname": client_hostname(),
        "servers": (IMAP, SMTP),
    }
    return _page(request, "accounts/owner_home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_own
def owner_password(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Change the password. All other sessions of the owner end, those of mail programs too."""
    form = OwnerPasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        form.full_clean()
        if "password" in form.cleaned_data and not authenticate(
            request, mailbox.address, form.cleaned_data["password"]
        ):
            form.add_error("password", _("This is not the password of the mailbox. Write the one that you have now."))
        if form.is_valid() and _change_password(mailbox, form.cleaned_data["new_password"]):
            sign_in(request, mailbox)
            messages.success(
                request, _("Your password has been changed. Write it into your mail programs and phones too.")
            )
            return redirect("owner_home")
        if form.is_valid():
            return ask_again(request)  # changed or disabled meanwhile, so the session is over
    return _page(request, "accounts/owner_password.html", {"mailbox": mailbox, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@owners_own
def owner_forward(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Change where messages are passed on to. What was switched off by others stays so."""
    forward = own_forward(mailbox)
    if not settings.MAILBOX_OWNER_FORWARD or (forward and not forward.is_active):
        raise Http404
    sent_by = f"mailbox {mailbox.pk}"
    if request.method == "POST" and (before := find_submission(request, sent_by)):
        return redirect_to_result(request, before)
    form = OwnerForwardForm(request.POST if request.method == "POST" else None, mailbox=mailbox, forward=forward)

    def write(made: Submission) -> None:
        form.save()
        # No word on addresses that get no mail: an owner could try here, unseen, which ones exist.
        is_passed_on = bool(form.cleaned_data["destinations"]) and not form.cleaned_data["keep_copy"]
        saved = _("The forward has been saved.")
        nothing_stays = _("New messages are only passed on: none stays in this mailbox.")
        made.message = f"{saved} {nothing_stays}" if is_passed_on else saved
        made.next_url = reverse("owner_home")

    if form.is_valid() and (made := submit(request, form, write, sent_by=sent_by)):
        return redirect_to_result(request, made)
    return _page(request, "accounts/owner_forward.html", {"mailbox": mailbox, "form": form})


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page whose brand leads to the owner's own start, and that shows nothing of a login of the panel."""
    return render(request, template, {**context, "start": "owner_home"})


def _change_password(mailbox: Mailbox, password: str) -> bool:
    """Write a new password in the place of the one that was just checked, unless the mailbox has changed meanwhile."""
    new_hash = hash_password(password)  # slow on purpose, so outside any transaction
    try:
        written = change_mailbox(mailbox_id=mailbox.pk, version=str(mailbox.version), password_hash=new_hash)
    except (Mailbox.DoesNotExist, Outdated):
        return False
    mailbox.password_hash = new_hash
    end_sessions(written.signed_out)  # what is left to do there is nothing that an owner could do
    return True
