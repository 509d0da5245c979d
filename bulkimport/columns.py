"""The columns of the file: their names, order and help. The readers, the pages, the templates and the downloads all
take them from here. The names and their order are the help page's of the hosting company that the format comes from.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from bulkimport.rows import Field

# What the panel writes into the column of kept copies.
YES_WORD = _("Yes")
NO_WORD = _("No")


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a file may have. `names` are the header words it is known by, Polish first, then English.

    `aliases` are words that other columns have as well, such as “Adres” of a street: they count where no column has
    one of the names and the cells look like it. `template_example` stands in the example row of the templates, whose
    address the row validator refuses.
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
        """The name to write into a file in the language of the moment."""
        return str(self.label)

    @property
    def other_name(self) -> str:
        """The help page's name, where the label of the moment is another; else empty."""
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
        # Its domain is one of accounts.validators.EXAMPLE_DOMAINS, so an example left in becomes no account.
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
        "",  # a password printed in a template would be the password of many mailboxes
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
# Of a list whose e-mail column has only what stands before the @. Templates and downloads have whole addresses.
DOMAIN_COLUMN = Column(
    Field.DOMAIN,
    pgettext_lazy("column", "Domain"),
    ("Domena", "domain", "domain name", "nazwa domeny", "domena poczty", "mail domain"),
    _("The part after the @, where the column E-mail has only the name before it"),
    _("The e-mail address must be whole"),
    "przyklad.pl",
    "",
)
CHOICES = (*COLUMNS, DOMAIN_COLUMN)  # what a column can be said to be
BY_FIELD = {column.field: column for column in CHOICES}

# The column that the panel adds to a list handed back for correction. It is passed over when read again.
PROBLEMS_LABEL = pgettext_lazy("column", "Problems")
PROBLEMS_NAMES = ("Problems", "Problemy")


def folded(name: str) -> str:
    """Return a header name as it is compared: without accents, blanks, punctuation and case."""
    if name.isascii():  # as most cells are, of which a hostile list has a million
        return "".join(filter(str.isalnum, name.lower()))
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ł", "l"))
    return "".join(character for character in plain if character.isalnum() and character.isascii())


_FIELDS = {folded(name): column.field for column in CHOICES for name in column.names}
_ALIASES = {folded(name): column.field for column in CHOICES for name in column.aliases}
_PASSED_OVER = frozenset(folded(name) for name in PROBLEMS_NAMES)


def find_field(name: str) -> Field | None:
    """Return the column that a header cell names for certain, in Polish or English, or None."""
    return _FIELDS.get(folded(name))


def find_field_by_alias(name: str) -> Field | None:
    """Return the column that a header cell may mean by a word that other columns have as well, or None."""
    return _ALIASES.get(folded(name))


def is_problems_column(name: str) -> bool:
    """Tell whether a header cell names the column of problems that the panel itself added."""
    return folded(name) in _PASSED_OVER


def count_known_names(cells: Iterable[str]) -> int:
    """Count the cells that name a column or may mean one, for telling encodings and separators apart."""
    return sum(find_field(cell) is not None or find_field_by_alias(cell) is not None for cell in cells)
