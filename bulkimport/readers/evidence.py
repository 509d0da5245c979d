"""Evidence that the letters of a list were garbled, so that its passwords may not be those that people wrote.

One certain case in the name or a cell of any column is enough, since the whole list went through the same programs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Final

from bulkimport.readers.book import Sheet
from bulkimport.readers.escapes import sure_escapes
from bulkimport.readers.garbled import Damage, garbled_name, is_garbled
from bulkimport.readers.mojibake import CODE_PAGES, misread, was_misread

# Polish words that are frequent in names of columns; below, in names of people and places.
_NAME_WORDS: Final = """
    hasło hasła pojemność kopię imię dział oddział wydział miejscowość województwo płeć zespół służbowy służbowe
    służbowa szkoła szkoły użytkownik użytkownika piętro pokój ważność źródło język uczeń ucznia księgowość
    przełożony przełożona urządzenie zastępca właściciel współpracownik komórka komórkowy komórki państwo miesiąc
    dzień treść wartość ilość wiadomość świetlica powód zgłoszenie wygaśnięcia rozwiązania gałąź główny główne główna
    średnia łącznie osób pracowników uczniów skrzynkę pocztę domenę sprzedaż założenia zmianę płatność własność
    rodzeństwo
"""
_PEOPLE_WORDS: Final = """
    łukasz michał michała paweł pawła rafał małgorzata elżbieta bożena grażyna józef józefa stanisław stanisława
    władysław władysława bronisław mirosław mirosława jarosław bogusław bogusława wiesław wiesława zdzisław zdzisława
    czesław czesława wacław wacława radosław przemysław sławomir mieczysław bartłomiej miłosz błażej róża żaneta
    ludmiła bogumiła wójcik woźniak wiśniewski wiśniewska dąbrowski dąbrowska kozłowski kozłowska wróbel król piątek
    pawłowski pawłowska stępień kołodziej głowacki głowacka ziółkowski ziółkowska sokołowski sokołowska błaszczyk
    kaźmierczak mróz ślusarczyk świątek żak łuczak bąk zając wróblewski wróblewska górski górska gałązka śliwa
    śliwiński żółtowski gołębiowski gołębiewska ćwik łódź łódzkie śląsk śląskie małopolskie świętokrzyskie wrocław
    poznań kraków gdańsk toruń białystok rzeszów częstochowa
"""
_CELLS_EXAMINED: Final = 20_000  # of a sheet; more than a list of accounts has
_CHARACTERS_EXAMINED: Final = 200  # of a cell; no password is longer
_WRITTEN_IN: Final = ("cp1250", "iso-8859-2", "cp852", "mac-latin2")
_LACKING: Final = ("ascii", "latin-1", "cp1252", "cp850", "cp437")  # letters that they lack become ? or _
_POLISH: Final = frozenset("ąćęłńóśźż")
_TOKEN: Final = re.compile(r"(?:[^\x00-\x7f\s]|[A-Za-z0-9?_])+")

# --- Signs that stand for a letter in plain text; in a password they may be meant -------------------------------------
_LETTER: Final = r"[^\W\d_¹²³¼½¾⁰-₟ªº]"
_SMALL: Final = "[a-zß-öø-ž]"
_SIGN_FOR_LETTER: Final = re.compile(
    rf"(?<={_LETTER})(?<!\bm)(?<!\b[dcmk]m)³(?={_SMALL})"  # not in a unit such as m³
    rf"|(?<!\w)[£¯¦]{_SMALL}{{2}}|{_SMALL}¹{_SMALL}|{_SMALL}{{2}}[±¿](?!\w)|{_SMALL}ñ(?:sk|cz|st)"
)
_PAGE: Final = re.compile(r"//|\bwww\.", re.IGNORECASE)
_PERCENT: Final = re.compile(r"(?<!\d)%(?:2[0-9A-F]|3[A-F]|40|5[BDEF]|7[B-E])", re.IGNORECASE)
_ESCAPE: Final = re.compile(
    r"&(?:#[0-9]+|#x[0-9a-f]+|[a-z]+[0-9]{0,2});|[%\\]u[0-9a-f]{4}|(?:%|=|\\x)[0-9a-f]{2}", re.IGNORECASE
)
_MARKS: Final = frozenset("?_")  # programs write them for each letter that an encoding lacks
NO_VALUE: Final = (
    r"\N"  # MySQL writes this for a cell without a value; its files also have backslashes before some signs
)


def is_suspect(password: str, damage: frozenset[str]) -> bool:
    """Tell whether a password may not be the one that was written, because letters were garbled.

    damage: what has happened to the list. It has Damage.LETTERS if non-ASCII letters were changed, the signs that stand
    for a letter, the signs with which escapes begin, and NO_VALUE if backslashes were added.
    """
    if NO_VALUE in damage and "\\" in password and password != NO_VALUE:
        return True
    if is_garbled(password) or (Damage.LETTERS in damage and not password.isascii()):
        return True
    if any(mark in password for mark in damage & _MARKS):
        return True
    return any(match[0][0] in damage for match in _ESCAPE.finditer(password))


def find_damage_in_names(names: Iterable[str]) -> frozenset[str]:
    """Return the damage that the names of columns prove, as `is_suspect` takes it."""
    return frozenset(damage for name in names if name for damage in _damage_in_name(name))


def find_damage_in_sheet(sheet: Sheet, passwords: int | None) -> frozenset[str]:
    """Return the damage that the cells of a sheet prove. passwords: the index of the column of passwords, or None."""
    cells = ((index, cell) for record in sheet.records for index, cell in enumerate(record.cells) if cell)
    return frozenset(
        damage
        for index, cell in islice(cells, _CELLS_EXAMINED)
        for damage in _damage_in_cell(cell[:_CHARACTERS_EXAMINED], is_password=index == passwords)
    )


def _damage_in_name(name: str) -> Iterator[str]:
    match = garbled_name(name)
    damage = match[1] if match else None
    if damage is Damage.ENTITIES:
        yield from {escape[0][0] for escape in _ESCAPE.finditer(name)}
    words = _garbled_words() | _words_with_gaps()
    tokens = [token for token in map(str.lower, _TOKEN.findall(name)) if token in words]
    if damage is Damage.LETTERS or tokens:
        yield Damage.LETTERS
        # In an ASCII name without ?, a _ may stand for a letter; else it stands for a blank.
        marks = _MARKS if name.isascii() and "?" not in name else {"?"}
        yield from marks & set("".join(tokens) or name)
    yield from _damage_in_cell(name, is_password=False)


def _damage_in_cell(cell: str, *, is_password: bool) -> Iterator[str]:
    if cell.isascii() and not any(sign in cell for sign in "&%=\\"):
        return
    if cell == NO_VALUE:
        yield NO_VALUE
    if not is_password and _PAGE.search(cell):  # web addresses have such escapes by right
        return
    yield from sure_escapes(cell)
    if not is_password and _PERCENT.search(cell):
        yield "%"
    if "\ufffd" in cell or was_misread(cell) or (not is_password and _is_garbled_prose(cell)):
        yield Damage.LETTERS


def _is_garbled_prose(text: str) -> bool:
    """Tell whether a text that is no password has signs in the place of letters, or words that were decoded wrongly."""
    if _SIGN_FOR_LETTER.search(text):
        return True
    return any(token in _garbled_words() for token in map(str.lower, _TOKEN.findall(text)))


@cache
def polish_words() -> frozenset[str]:
    """Return words with Polish letters; if a text has one, it was decoded correctly."""
    return frozenset(f"{_NAME_WORDS}{_PEOPLE_WORDS}".split())


@cache
def _garbled_words() -> frozenset[str]:
    """Return the words as they look when they are decoded wrongly."""
    garbled: set[str] = set()
    for word in f"{_NAME_WORDS}{_PEOPLE_WORDS}".split():
        for written in (word, word.upper(), word.capitalize()):
            for code_page in CODE_PAGES:
                garbled.add(misread(written, code_page))
                garbled.update(written.encode(page).decode(code_page, "replace") for page in _WRITTEN_IN)
    return frozenset(text for text in map(str.lower, garbled) if not _is_proper(text))


@cache
def _words_with_gaps() -> frozenset[str]:
    """Return words of columns' names with ? or _ for each letter, or each byte of one, that an encoding lacks."""
    words: set[str] = set()
    for word in _NAME_WORDS.split():
        words.update(word.encode(page, "replace").decode(page) for page in _LACKING)
        words.add("".join(letter if letter.isascii() else "??" for letter in word))
    words |= {word.replace("?", "_") for word in words}
    return frozenset(word for word in words if not _is_proper(word))


def _is_proper(text: str) -> bool:
    """Tell whether a text has only Polish letters and digits, so that it proves nothing."""
    return all(letter in _POLISH or (letter.isascii() and letter.isalnum()) for letter in text)
