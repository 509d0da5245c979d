"""Template filters: how numbers, addresses and times of waiting are written for people."""

from datetime import timedelta

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from accounts import formats

register = template.Library()

register.filter("grouped", formats.grouped)
register.filter("megabytes", formats.megabytes)


@register.filter
def breakable(text: str) -> SafeString:
    """Return a text in which an address may be broken before its @, where a line is too short for it."""
    return format_html_join(mark_safe("<wbr>@"), "{}", ((part,) for part in str(text).split("@")))


@register.filter
def minutes(duration: timedelta) -> int:
    """Return the whole minutes of a time, at least one."""
    return max(1, round(duration.total_seconds() / 60))
