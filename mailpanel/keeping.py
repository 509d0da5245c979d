"""Keeping what was typed when it cannot be taken: the session has ended, the page is too old to be trusted, or signing
in is stopped for a while.

It travels through the browser, as hidden fields of the very tab that it was typed in, without passwords. Nothing of it
is stored.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRefresh

from bulkimport.checked_rows import stamp

# A form of these pages is worth nothing without its password, and each wrong one is counted as a try.
PASSWORD_PAGES = ("login", "admin:login", "owner_login", "owner_password")
# Which fields hold passwords is known by their names: `password`, `new_password1`, `3-password` for a cell of a list,
# `3-password-was` for what its page showed, and rows that were pasted. A test looks at every form of the project.
SECRET_NAME: Final = re.compile(r"(.*[-_])?password[0-9]*(-was)?|pasted", re.IGNORECASE)
# Which say whether there is a password, or that it has changed, but not what it is. The first three are Django's.
NO_SECRETS: Final = frozenset({"usable_password", "set-password", "unset-password"})
# What a typed password is replaced by. No form takes it for one, so none does its work without the password: its page
# comes back and asks for it.
LEFT_OUT: Final = "\N{HORIZONTAL ELLIPSIS}"


class KeepingLoginRequiredMiddleware(LoginRequiredMiddleware):
    """Ask whoever is not signed in to sign in, keeping the form that they have sent."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None:
            return None
        if "HX-Request" in request.headers:  # a part of a page: the page itself is to ask
            return HttpResponseClientRefresh()
        if request.method != "POST" or not request.POST.keys() - {"csrfmiddlewaretoken"}:
            return refusal
        context = {"kept": json.dumps(_typed(request)), "next": request.get_full_path()}
        response = render(request, "accounts/login.html", context)
        add_never_cache_headers(response)
        return response


@method_decorator(login_not_required, name="dispatch")
class LoginView(views.LoginView):
    """Sign in, and offer to send a form that was kept."""

    template_name = "accounts/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:  # in another tab meanwhile
            return _offer_kept(request) or HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = {"kept": self.request.POST.get("kept", ""), "owner_page": settings.MAILBOX_OWNER_PAGE}
        return {**super().get_context_data(**kwargs), **own}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        return _offer_kept(self.request) or response


def locked_out(request: HttpRequest, *_of_axes: object) -> HttpResponse:
    """Say that signing in is stopped for a while, and carry a form along that was kept."""
    context = {"kept": request.POST.get("kept", ""), "wait": settings.AXES_COOLOFF_TIME}
    response = render(request, "accounts/login_locked.html", context, status=429)
    add_never_cache_headers(response)
    return response


def csrf_failure(request: HttpRequest, **_reason: str) -> HttpResponseBase:
    """Offer to send a form again whose page is older than the last sign-in.

    Only for pages of the panel itself: what another site made up is not to be a press of a button away. Not for the
    pages to sign in on.
    """
    ours = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    is_ours = request.headers.get("Origin") in ours
    if is_ours and request.path == resolve_url("login") and request.user.is_authenticated:  # the second of two presses
        return LoginView.as_view()(request)
    if not is_ours or request.path in map(resolve_url, PASSWORD_PAGES):
        return render(request, "403_csrf.html", status=403)
    return _offer(request, _typed(request), status=403)


def _typed(request: HttpRequest) -> dict[str, Any]:
    """Return where a form was sent, its fields as pairs, and whether a file came with it, which no page can keep."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    fields = without_passwords([pair for pair in fields if pair[0] != "csrfmiddlewaretoken"])
    return {"path": request.get_full_path(), "fields": fields, "had_file": bool(request.FILES)}


def without_passwords(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fields of a form with LEFT_OUT in the place of each password that was typed.

    Pasted rows are left out, and so is a cell of a list that is still as its page showed it.
    """
    shown = dict(fields)
    kept = []
    for name, value in fields:
        if not is_secret(name):
            kept.append((name, value))
        elif name != "pasted" and not name.endswith("-was") and stamp(value) != shown.get(f"{name}-was"):
            kept.append((name, LEFT_OUT if value else ""))
    return kept


def is_secret(name: str) -> bool:
    """Tell whether a field of this name may hold a password."""
    return bool(SECRET_NAME.fullmatch(name)) and name not in NO_SECRETS


def _offer_kept(request: HttpRequest) -> HttpResponse | None:
    """Offer what the page for signing in has carried along, if it has."""
    try:
        kept = json.loads(request.POST.get("kept", ""))
        fields = without_passwords([(str(name), str(value)) for name, value in kept["fields"]])
        path, had_file = str(kept["path"]), bool(kept["had_file"])
    except (ValueError, TypeError, KeyError):
        return None
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return None
    return _offer(request, {"path": path, "fields": fields, "had_file": had_file, "signed_in": True})


def _offer(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    had_password = any(value == LEFT_OUT and is_secret(name) for name, value in context["fields"])
    response = render(request, "send_again.html", {**context, "had_password": had_password}, status=status)
    add_never_cache_headers(response)
    return response
