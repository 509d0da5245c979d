"""The columns of the list: their names, order and help, for the readers, the pages, the templates and the downloads.

The names and their order come from the help page of the hosting company that invented the format.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from bulkimport.rows import Field

# What the panel writes into the column KEEP_COPY.
YES_WORD = _("Yes")
NO_WORD = _("No")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file may have. names: the header words that identify it, Polish first, then English.

    aliases: words that other columns may have too, such as “Adres” for a street. They count only if no column has one
    of the names, and the cells fit. template_example: its cell in the example row of the templates, whose address the
    row validator refuses.
    """

    field: Field
    label: Promise
    names: tuple[str, ...]
    help: Promise | str
    when_empty: Promise
    example: Promise | str
    template_example: Promise | str
    aliases: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The name to write into a file, in the active language."""
        return str(self.label)

    @property
    def other_name(self) -> str:
        """The name on the original help page, if the label in the active language is different; else empty."""
        return self.names[0] if self.names[0] != self.header else ""


def _password_help() -> str:
    shortest = settings.PASSWORD_MIN_LENGTH
    text = ngettext(
        "At least %(count)s character, with a letter and a digit",
        "At least %(count)s characters, with a letter and a digit",
        shortest,
    )
    return text % {"count": shortest}


COLUMNS = (
    Column(
        Field.EMAIL,
        pgettext_lazy("column", "E-mail"),
        ("E-mail", "email", "e-mail address", "adres e-mail", "adres poczty elektronicznej"),
        _("The address, in one of your domains"),
        _("Not allowed: the row gets an error"),
        pgettext_lazy("column example", "jan@przyklad.pl"),
        # Its domain is one of accounts.validators.EXAMPLE_DOMAINS, so an example that is left in creates no account.
        pgettext_lazy("template example", "jan@your-domain.example"),
        aliases=(
            *("mail", "address", "adres", "adres poczty", "poczta", "konto", "nazwa konta", "account", "mailbox"),
            *("skrzynka", "login", "user", "username", "user name", "użytkownik", "nazwa użytkownika", "local part"),
        ),
    ),
    Column(
        Field.PASSWORD,
        pgettext_lazy("column", "Password"),
        ("Hasło", "password"),
        lazy(_password_help, str)(),
        _("We generate a strong one and show it to you"),
        pgettext_lazy("column example", "snad9hj934!!"),
        "",  # a password in the template would become the password of many mailboxes
    ),
    Column(
        Field.QUOTA,
        pgettext_lazy("column", "Quota"),
        ("Pojemność", "quota", "quota (MB)", "quota mb", "capacity", "pojemność (MB)", "pojemność mb"),
        _("Whole number of MB"),
        _("The value from this page, else the domain’s default"),
        pgettext_lazy("column example", "500"),
        "500",
    ),
    Column(
        Field.FORWARD,
        pgettext_lazy("column", "Forward"),
        ("Przekierowanie", "forward", "forward to", "forwarding", "przekierowanie na"),
        _("Address that messages are passed on to; several are separated by spaces or commas"),
        _("No forward"),
        pgettext_lazy("column example", "kopia@przyklad.pl"),
        pgettext_lazy("template example", "office@your-domain.example"),
    ),
    Column(
        Field.KEEP_COPY,
        pgettext_lazy("column", "Keep copy"),
        (
            "Przekierowanie-pozostawianie kopii",
            "keep copy",
            "keep a copy",
            "forward-keep copy",
            "pozostawianie kopii",
            "pozostaw kopię",
        ),
        _("Yes or No (Tak or Nie)"),
        _("No copy stays"),
        pgettext_lazy("column example", "Yes"),
        YES_WORD,
    ),
)
# For lists whose e-mail column has only the part before the @. Templates and downloads have whole addresses.
DOMAIN_COLUMN = Column(
    Field.DOMAIN,
    pgettext_lazy("column", "Domain"),
    ("Domena", "domain", "domain name", "nazwa domeny", "domena poczty", "mail domain"),
    _("The part after the @, where the column E-mail has only the name before it"),
    _("The e-mail address must be whole"),
    "przyklad.pl",
    "",
)
CHOICES = (*COLUMNS, DOMAIN_COLUMN)  # what a person can choose for a column
BY_FIELD = {column.field: column for column in CHOICES}

# The column that the panel adds to a list that is downloaded for correction. It is ignored when the list is read again.
PROBLEMS_LABEL = pgettext_lazy("column", "Problems")
PROBLEMS_NAMES = ("Problems", "Problemy")


def folded(name: str) -> str:
    """Return a header name for comparison: in lower case, without accents, blanks and punctuation."""
    if name.isascii():  # a fast path for most cells, of which a hostile list may have a million
        return "".join(filter(str.isalnum, name.lower()))
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return "".join(character for character in plain if character.isalnum() and character.isascii())


_FIELDS = {folded(name): column.field for column in CHOICES for name in column.names}
_ALIASES = {folded(name): column.field for column in CHOICES for name in column.aliases}
_PROBLEMS_COLUMN = frozenset(folded(name) for name in PROBLEMS_NAMES)


def find_field(name: str) -> Field | None:
    """Return the column whose name a header cell has, in Polish or English, or None."""
    return _FIELDS.get(folded(name))


def find_field_by_alias(name: str) -> Field | None:
    """Return the column that a header cell may mean because it has one of its aliases, or None."""
    return _ALIASES.get(folded(name))


def is_problems_column(name: str) -> bool:
    """Tell whether a header cell names the column of problems that the panel adds to a download."""
    return folded(name) in _PROBLEMS_COLUMN


def count_known_names(cells: Iterable[str]) -> int:
    """Count the cells with the name or alias of a column. The right encoding and separator give the most."""
    return sum(find_field(cell) is not None or find_field_by_alias(cell) is not None for cell in cells)
