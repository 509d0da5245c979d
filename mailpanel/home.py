"""The home page: the login's domains with their limits, the last imports, and what needs attention."""

from typing import Final

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import usable_domains
from accounts.models import Mailbox
from accounts.shares import domain_rows
from accounts.todos import domain_todos, mailbox_todos, password_todos
from bulkimport.todos import import_todos, last_imports

DOMAINS_PER_PAGE: Final = 50


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page. The number of queries does not grow with the number of domains."""
    user = request.user
    if not isinstance(user, User):  # the middleware lets nobody else in
        raise Http404
    domains = usable_domains(user)
    mailboxes = Mailbox.objects.filter(domain__in=domains)
    page = Paginator(domains, DOMAINS_PER_PAGE).get_page(request.GET.get("page"))
    todos = [*import_todos(user), *password_todos(user), *domain_todos(domains, user), *mailbox_todos(mailboxes)]
    context = {
        "page": page,
        "rows": domain_rows(page.object_list),
        "mailbox_count": mailboxes.count(),
        "imports": last_imports(user),
        "todos": todos,
        "todo_count": sum(todo.count for todo in todos),
    }
    return render(request, "home.html", context)
