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
from accounts.owner.forms import OwnerForwardForm, OwnerLoginForm, OwnerPasswordForm, find_forward
from accounts.owner.session import (
    authenticate,
    owner_page,
    redirect_to_sign_in,
    require_owner,
    sign_in,
    sign_out,
    signed_in_mailbox,
)
from accounts.passwords import hash_password
from accounts.services import Outdated, change_mailbox
from accounts.submissions import find_repeat, redirect_to_result, submit


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
@require_owner
def owner_home(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Show how full the mailbox is, where its messages go, and what to set in a mail program."""
    context = {
        "mailbox": mailbox,
        "forward": find_forward(mailbox),
        "may_forward": settings.MAILBOX_OWNER_FORWARD,
        "hostname": client_hostname(),
        "servers": (IMAP, SMTP),
    }
    return _page(request, "accounts/owner_home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_owner
def owner_password(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Change the password. This ends all other sessions of the owner, those of mail programs too."""
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
            return redirect_to_sign_in(request)  # the mailbox was changed or disabled meanwhile
    return _page(request, "accounts/owner_password.html", {"mailbox": mailbox, "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@require_owner
def owner_forward(request: HttpRequest, mailbox: Mailbox) -> HttpResponse:
    """Change the forward of the mailbox. An owner cannot change a forward that an administrator has switched off."""
    forward = find_forward(mailbox)
    if not settings.MAILBOX_OWNER_FORWARD or (forward and not forward.is_active):
        raise Http404
    sent_by = f"mailbox {mailbox.pk}"
    form = OwnerForwardForm(request.POST if request.method == "POST" else None, mailbox=mailbox, forward=forward)
    if form.is_bound and (before := find_repeat(request, form, sent_by=sent_by)):
        return redirect_to_result(request, before)

    def write(submission: Submission) -> None:
        form.save()
        # Without warnings about unreachable addresses: they would tell an owner which addresses exist.
        is_passed_on = bool(form.cleaned_data["destinations"]) and not form.cleaned_data["keep_copy"]
        saved = _("The forward has been saved.")
        nothing_stays = _("New messages are only passed on: none stays in this mailbox.")
        submission.message = f"{saved} {nothing_stays}" if is_passed_on else saved
        submission.next_url = reverse("owner_home")

    if form.is_valid() and (submission := submit(request, form, write, sent_by=sent_by)):
        return redirect_to_result(request, submission)
    return _page(request, "accounts/owner_forward.html", {"mailbox": mailbox, "form": form})


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Return a page whose logo links to the owner's home, and that has no menu of the panel."""
    return render(request, template, {**context, "start": "owner_home"})


def _change_password(mailbox: Mailbox, password: str) -> bool:
    """Write the new password and return True; False where the mailbox was changed or deleted meanwhile."""
    new_hash = hash_password(password)  # slow on purpose, so outside any transaction
    try:
        result = change_mailbox(mailbox_id=mailbox.pk, version=str(mailbox.version), password_hash=new_hash)
    except (Mailbox.DoesNotExist, Outdated):
        return False
    mailbox.password_hash = new_hash
    end_sessions(result.signed_out)  # its message is for administrators: an owner can run no commands
    return True
