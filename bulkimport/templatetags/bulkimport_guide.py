"""Template tags: what the panel's pages say of imports."""

from django import template
from django.conf import settings

from bulkimport.guide import explained_codes

register = template.Library()


@register.filter
def is_explained(code: str | None) -> bool:
    """Return whether the help has an entry about the problem with this code."""
    return code in explained_codes()


@register.simple_tag
def max_accounts_per_list() -> int:
    return int(settings.MAX_ACCOUNTS_PER_FILE)
