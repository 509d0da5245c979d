"""The help page. Its templates explain each problem under its code."""

import re
from functools import cache
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template import Engine
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from bulkimport.columns import COLUMNS

# Each template explains the problems of one column or one part of a file.
NAMES: Final = ("whole_file", "header", "rows", "address", "password", "quota", "forward", "keep_copy")
PARTS: Final = [f"bulkimport/help/_{name}.html" for name in NAMES]
ENTRY: Final = re.compile(r'<dt id="(\w+)">')


@require_safe
@never_cache
@login_not_required
def help_page(request: HttpRequest) -> HttpResponse:
    """Show how to make the file, what the columns mean and what each problem means."""
    context = {"columns": COLUMNS, "parts": PARTS, "max_accounts": settings.MAX_ACCOUNTS_PER_FILE}
    return render(request, "bulkimport/help.html", context)


@cache
def explained_codes() -> frozenset[str]:
    """Return the codes of all problems that the help explains: the anchors of its entries."""
    engine = Engine.get_default()
    return frozenset(code for part in PARTS for code in ENTRY.findall(engine.get_template(part).source))
