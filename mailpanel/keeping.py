"""Keeps what was typed into a form that cannot be processed now: the session has ended, the CSRF token is too old, or
signing in is blocked for a while.

The form goes through the browser, as hidden fields of the same tab, without passwords. The server stores nothing.
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

# A form of these pages is useless without its password, and each wrong password counts as a failed sign-in.
PASSWORD_PAGES = ("login", "admin:login", "owner_login", "owner_password")
# The names of fields that may hold passwords: `password`, `new_password1`, `3-password` for a cell of a list,
# `3-password-was` for what its page showed, and `pasted` for rows. A test checks every form of the project.
SECRET_NAME: Final = re.compile(r"(.*[-_])?password[0-9]*(-was)?|pasted", re.IGNORECASE)
# Fields of Django's admin whose names match, but which hold no password.
NO_SECRETS: Final = frozenset({"usable_password", "set-password", "unset-password"})
# Replaces a typed password. No form accepts it as a password, so its page comes back and asks for the password.
LEFT_OUT: Final = "\N{HORIZONTAL ELLIPSIS}"


class KeepingLoginRequiredMiddleware(LoginRequiredMiddleware):
    """Ask whoever is not signed in to sign in, and keep the form that they have sent."""

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
        if "HX-Request" in request.headers:  # a part of a page: the browser loads the whole page, which then asks
            return HttpResponseClientRefresh()
        if request.method != "POST" or not request.POST.keys() - {"csrfmiddlewaretoken"}:
            return refusal
        context = {"kept": json.dumps(_read_form(request)), "next": request.get_full_path()}
        response = render(request, "accounts/login.html", context)
        add_never_cache_headers(response)
        return response


@method_decorator(login_not_required, name="dispatch")
class LoginView(views.LoginView):
    """Sign in, then offer to send the form that was kept."""

    template_name = "accounts/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:  # meanwhile, in another tab
            return _offer_kept(request) or HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = {"kept": self.request.POST.get("kept", ""), "owner_page": settings.MAILBOX_OWNER_PAGE}
        return {**super().get_context_data(**kwargs), **context}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        return _offer_kept(self.request) or response


def locked_out(request: HttpRequest, *_arguments: object) -> HttpResponse:
    """Say that signing in is blocked for a while. A form that was kept stays in the page."""
    context = {"kept": request.POST.get("kept", ""), "wait": settings.AXES_COOLOFF_TIME}
    response = render(request, "accounts/login_locked.html", context, status=429)
    add_never_cache_headers(response)
    return response


def csrf_failure(request: HttpRequest, **_reason: str) -> HttpResponseBase:
    """Offer to send a form again whose page is older than the last sign-in, so that its CSRF token is no longer valid.

    Only forms of the panel itself: a form that another site made must not be one click away. Not the forms to sign in.
    """
    own_origins = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    is_own = request.headers.get("Origin") in own_origins
    if is_own and request.path == resolve_url("login") and request.user.is_authenticated:  # the second of two clicks
        return LoginView.as_view()(request)
    if not is_own or request.path in map(resolve_url, PASSWORD_PAGES):
        return render(request, "403_csrf.html", status=403)
    return _offer(request, _read_form(request), status=403)


def _read_form(request: HttpRequest) -> dict[str, Any]:
    """Return the path of a form that was sent, its fields as pairs, and whether it had a file, which cannot be kept."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    fields = without_passwords([pair for pair in fields if pair[0] != "csrfmiddlewaretoken"])
    return {"path": request.get_full_path(), "fields": fields, "had_file": bool(request.FILES)}


def without_passwords(fields: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fields of a form with LEFT_OUT instead of each password that was typed.

    Pasted rows are left out, and so are password cells of a list that are as their page showed them.
    """
    shown = dict(fields)
    safe = []
    for name, value in fields:
        if not is_secret(name):
            safe.append((name, value))
        elif name != "pasted" and not name.endswith("-was") and stamp(value) != shown.get(f"{name}-was"):
            safe.append((name, LEFT_OUT if value else ""))
    return safe


def is_secret(name: str) -> bool:
    """Tell whether a field of this name may hold a password."""
    return bool(SECRET_NAME.fullmatch(name)) and name not in NO_SECRETS


def _offer_kept(request: HttpRequest) -> HttpResponse | None:
    """Offer to send the form that the sign-in page has kept; None where it has none, or an invalid one."""
    try:
        form = json.loads(request.POST.get("kept", ""))
        fields = without_passwords([(str(name), str(value)) for name, value in form["fields"]])
        path, had_file = str(form["path"]), bool(form["had_file"])
    except (ValueError, TypeError, KeyError):
        return None
    if not path.startswith("/") or not url_has_allowed_host_and_scheme(path, allowed_hosts=None):
        return None
    return _offer(request, {"path": path, "fields": fields, "had_file": had_file, "signed_in": True})


def _offer(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Return the page that offers to send a form again. context: as `_read_form` returns it."""
    had_password = any(value == LEFT_OUT and is_secret(name) for name, value in context["fields"])
    response = render(request, "send_again.html", {**context, "had_password": had_password}, status=status)
    add_never_cache_headers(response)
    return response
