"""Template filter: whether the help has an entry about a problem."""

from django import template

from bulkimport.guide import explained_codes

register = template.Library()


@register.filter
def is_explained(code: str | None) -> bool:
    return code in explained_codes()
