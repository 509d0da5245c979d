"""The page of new passwords that have still to be saved, open to nobody but the login that has made them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import NewPasswords
from accounts.new_passwords import Kept, kept
from accounts.validators import to_unicode


def of_new_passwords(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Give a view the new passwords that its address names; where there are none (any more), a page says so.

    What another login has to save is answered as what there is not.
    """

    @require_http_methods(["GET", "HEAD", "POST"])
    @never_cache
    @wraps(view)
    def wrapped(request: HttpRequest, pk: uuid.UUID, **named: str) -> HttpResponseBase:
        for new in kept(NewPasswords.objects.kept_for(request.user).filter(pk=pk), request.user):
            return view(request, new, **named)
        return render(request, "accounts/new_passwords_gone.html", status=404)

    return wrapped


@of_new_passwords
def new_passwords(request: HttpRequest, new: Kept) -> HttpResponse:
    """Show new passwords, with the ways to hand them on."""
    rows = [(to_unicode(one.address), one.password, one.state) for one in new.passwords]
    return render(request, "accounts/new_passwords.html", {"new": new, "rows": rows})


@of_new_passwords
def saved(request: HttpRequest, new: Kept) -> HttpResponse:
    """Delete new passwords: the person has saved them."""
    if request.method != "POST":
        return redirect(new.record)
    new.record.delete()
    messages.success(request, _("The passwords have been erased from the panel."))
    return redirect("mailbox_list")
