"""Template tags: what the pages are built of."""

import re

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

# On a phone the style sheet makes blocks of the parts of a table. Without roles, a screen reader then finds no table.
ROLES = {
    "thead": "rowgroup",
    "tbody": "rowgroup",
    "tr": "row",
    'th scope="col"': "columnheader",
    'th scope="row"': "rowheader",
    "td": "cell",
}
START_OF_PART = re.compile(rf"<({'|'.join(ROLES)})(?=[\s>])")


@register.simple_block_tag
def stacked_table(content: SafeString, look: str = "", *, label: str = "", labelledby: str = "") -> SafeString:
    """Return a table with the ARIA roles of all its parts; on a phone, each row is a block.

    The content is plain HTML, thead and tbody; in a th, `scope` is the first attribute. `data-label` of a cell is what
    stands before it on a phone. `look` is more classes of the table, `labelledby` the id of the heading that names it.
    """
    rows = START_OF_PART.sub(lambda part: f'<{part[1]} role="{ROLES[part[1]]}"', content)
    return format_html(
        '<table class="table table-stack{}" role="table" {}="{}">{}</table>',
        f" {look}" if look else "",
        "aria-label" if label else "aria-labelledby",
        label or labelledby,
        mark_safe(rows),  # noqa: S308 - the templates have escaped it
    )


@register.simple_block_tag
def capture(content: SafeString) -> SafeString:
    """Return the content, to be given to a partial under a name: {% capture as buttons %}...{% endcapture %}."""
    return mark_safe(content.strip())  # noqa: S308 - the templates have escaped it
