import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkimport.columns import CHOICES
from bulkimport.readers.book import Record, Sheet
from bulkimport.readers.evidence import NO_VALUE, find_damage_in_names, find_damage_in_sheet, is_suspect
from bulkimport.readers.garbled import Damage, garbled_name, is_garbled
from bulkimport.readers.mojibake import CODE_PAGES, misread
from bulkimport.readers.similar_names import find_similar_field
from bulkimport.rows import Field

EMAIL, PASSWORD, QUOTA, FORWARD = Field.EMAIL, Field.PASSWORD, Field.QUOTA, Field.FORWARD
KEEP_COPY, DOMAIN = Field.KEEP_COPY, Field.DOMAIN

# --- Names that are ours, though damaged -----------------------------------------------------------------------------
REMARKS = {
    "Hasło\n(min. 6)": PASSWORD,
    "Hasło\r\n(co najmniej 6 znaków, litera i cyfra)": PASSWORD,
    "Hasło (opcjonalnie)": PASSWORD,
    "Hasło – opcjonalne": PASSWORD,
    "Hasło - min. 6 znaków": PASSWORD,
    "Hasło: min. 6 znaków": PASSWORD,
    "Hasło * (puste = losowe)": PASSWORD,
    "(wymagane) Hasło": PASSWORD,
    "1. Hasło": PASSWORD,
    "2) E-mail*": EMAIL,
    "(3) Hasło (opcjonalne)": PASSWORD,
    "B. Hasło": PASSWORD,
    "1 Hasło": PASSWORD,
    "Hasło1)": PASSWORD,
    "Hasło¹": PASSWORD,
    "Pojemność [MB, max 500]:": QUOTA,
    "Pojemność (w MB)": QUOTA,
    "E-mail (np. jan@firma.pl)": EMAIL,
    "E-mail\nnp. jan@firma.pl": EMAIL,
    "Przekierowanie (opcjonalne)": FORWARD,
    "Keep copy (yes/no)": KEEP_COPY,
    "Password (at least 6 characters)": PASSWORD,
    # Two names of one column.
    "E-mail / Email": EMAIL,
    "Hasło / Password": PASSWORD,
    "Hasło/Password (min. 6)": PASSWORD,
    "Hasło | Password": PASSWORD,
    "Hasło (Password)": PASSWORD,
    "Hasło\nPassword": PASSWORD,
    "Password - Hasło": PASSWORD,
    "Pojemność (MB) / Quota (MB)": QUOTA,
}
ESCAPES = {
    "Has&#322;o": PASSWORD,
    "Has&#x142;o": PASSWORD,
    "Has&lstrok;o": PASSWORD,
    "Has&amp;#322;o": PASSWORD,
    "Has&lstrok;o (min. 6 znak&oacute;w)": PASSWORD,
    r"Has\u0142o": PASSWORD,
    "Has%u0142o": PASSWORD,
    "Has%C5%82o": PASSWORD,
    "Has=C5=82o": PASSWORD,
    r"Has\xc5\x82o": PASSWORD,
    "Has%B3o": PASSWORD,
    "Pojemno&#347;&#263;": QUOTA,
    "E&#45;mail": EMAIL,
}
LETTERS = {
    "HasÅ‚o": PASSWORD,
    "HasĹ‚o": PASSWORD,
    "Has³o": PASSWORD,
    "HasÂ³o": PASSWORD,
    "Has\ufffdo": PASSWORD,
    "Has\ufffd\ufffdo": PASSWORD,
    "Has?o": PASSWORD,
    "Has??o": PASSWORD,
    "HAS?O": PASSWORD,
    "Has_o": PASSWORD,
    "Has┼éo": PASSWORD,
    "Has≈Ço": PASSWORD,
    "HasÃ…â€šo": PASSWORD,
    # Another letter of the same shape: Mazovia, a code page of Polish DOS, read as CP852.
    "Hasĺo": PASSWORD,
    "HASĹO": PASSWORD,
    "Has?o (min. 6)": PASSWORD,
    "1. HasÅ‚o": PASSWORD,
    "Has?o / Password": PASSWORD,
    "Pojemno??": QUOTA,
    "Pojemno?c": QUOTA,
    "Pojemno\x9cæ": QUOTA,
    "Pojemnoœæ": QUOTA,
    "Pojemnoæ": QUOTA,
    "PojemnoĹ›Ä‡ (MB)": QUOTA,
    "Pozostaw kopi?": KEEP_COPY,
    "ï»¿E-mail": EMAIL,
    "ď»żE-mail": EMAIL,
    "∩╗┐Has┼éo": PASSWORD,
    "Eâ€“mail": EMAIL,
    "QuotaÂ\u00a0(MB)": QUOTA,
}
LOST = {
    "Haso": PASSWORD,
    "Has#o": PASSWORD,
    "Pojemno": QUOTA,
    "Pojemnoc": QUOTA,
    "POJEMNO (MB)": QUOTA,
    "Pozostaw kopi": KEEP_COPY,
    # An entity was cut off at its semicolon, which separates the cells; also one that was escaped again.
    **dict.fromkeys(("Has&#322", "Has&#x142", "HAS&lstrok", "Has&amp", "HAS&AMP", "Has&#38"), PASSWORD),
    **dict.fromkeys(("Pojemno&#347", "Pojemno&amp"), QUOTA),
    "Pozostaw kopi&amp": KEEP_COPY,
    # Other escapes.
    **dict.fromkeys(("Has+AUI-o", "HAS+AUE-O", "Has<U+0142>o", "Has\\305\\202o", "Has\\'b3o", "Has_x0142_o"), PASSWORD),
    **dict.fromkeys(("Has&lstroko", "Has&#322o"), PASSWORD),
    **dict.fromkeys(("Pojemno+AVsBBw-", "Pojemno+AVsBBw- (MB)"), QUOTA),
    # Letters of ASCII have taken their place.
    "HasBo": PASSWORD,
    "Has3o": PASSWORD,
}


@pytest.mark.parametrize(
    ("names", "damage"),
    [(REMARKS, Damage.REMARK), (ESCAPES, Damage.ENTITIES), (LETTERS, Damage.LETTERS), (LOST, Damage.LOST)],
    ids=lambda value: str(value) if isinstance(value, Damage) else "",
)
def test_a_damaged_name_is_recognised(names, damage):
    assert {name: garbled_name(name) for name in names} == {name: (field, damage) for name, field in names.items()}


@pytest.mark.parametrize("column", CHOICES, ids=lambda column: column.field)
def test_a_name_that_is_known_is_not_damaged(column):
    for name in column.names:
        for written in (name, name.upper(), f" {name}* ", f"{name}:"):
            assert garbled_name(written) is None


@given(
    st.sampled_from([(column.field, name) for column in CHOICES for name in column.names if not name.isascii()]),
    st.sampled_from([str, str.upper, str.lower, str.capitalize]),
    st.sampled_from(CODE_PAGES),
    st.sampled_from([None, *CODE_PAGES]),
)
@settings(max_examples=500)
def test_a_name_is_recognised_after_any_wrong_decoding_of_utf_8(known, spelling, code_page, again):
    field, name = known
    garbled = misread(spelling(name), code_page)
    if again:
        garbled = misread(garbled, again)
    assert garbled_name(garbled) == (field, Damage.LETTERS)


@pytest.mark.parametrize("written", ["cp1250", "iso-8859-2", "cp852", "mac-latin2"])
@pytest.mark.parametrize("read", [*CODE_PAGES, "utf-8"])
@pytest.mark.parametrize("name", ["Hasło", "Pojemność", "HASŁO", "POJEMNOŚĆ (MB)"])
def test_a_name_is_recognised_after_any_wrong_decoding_of_a_code_page(written, read, name):
    garbled = name.encode(written).decode(read, "replace")
    if garbled != name:
        assert garbled_name(garbled)[1] is Damage.LETTERS


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            "?",
            "Hasła",
            "Haslo WiFi",
            "Hasz",
            "Data hasła",
            "Data zmiany hasła",
            "Adres domowy",
            "Hasao",
            "Haslho",
        ),
        *("Konto bankowe", "E-mail rodzica", "Mailing", "Mail", "Uwagi?", "P?ec", "Imi?", "Nazwisko", "Pojemnik"),
        # What stands beside the name may make it another column, or another unit.
        *(
            "Hasło (WiFi)",
            "Hasło\n(do dziennika)",
            "Hasło: stare",
            "Hasło (MD5)",
            "E-mail (rodzica)",
            "E-mail - prywatny",
        ),
        *(
            "Pojemność (GB)",
            "Pojemność [KB]",
            "Pojemność\n(w bajtach)",
            "Quota (used)",
            "1. Imię",
            "Hasło 2",
            "(stare) Hasło",
            "E-mail / Hasło",
            "Pojemność (GB) / Quota (GB)",
        ),
        *(
            "Pojemność (G)",
            "Quota [G]",
            "Quota (T)",
            "Pojemność: T",
            "Pojemność, G",
            "Pojemność (w G)",
            "Quota (max 5 g)",
        ),
        *("Pojemność (G) / Quota (G)", "Pojemno&#347;&#263; (G)", "Pojemno?? (G)"),
        *("has_photo", "has-demo", "Has_konto", "Nazwisko&amp", "Imi&amp"),
    ],
)
def test_a_name_that_merely_resembles_ours_is_not_recognised(name):
    assert garbled_name(name) is None


# --- Names that may mean ours ----------------------------------------------------------------------------------------
LIKE = {
    "Hasło do poczty": PASSWORD,
    "Nowe hasło": PASSWORD,
    "Hasło (WiFi)": PASSWORD,
    "Hasło_tymczasowe_2026": PASSWORD,
    "Has?o do poczty": PASSWORD,
    "Nowe HasÅ‚o": PASSWORD,
    "Halso": PASSWORD,
    "Haslło": PASSWORD,
    "Hasła": PASSWORD,
    "Pasword": PASSWORD,
    "Passwords": PASSWORD,
    "Adres e-mail służbowy": EMAIL,
    "E-mail rodzica": EMAIL,
    "Emial": EMAIL,
    "Pojemność (GB)": QUOTA,
    "Pojemność (G)": QUOTA,
    "Quota [T]": QUOTA,
    "Nowe has&amp": PASSWORD,
    "1. Has+AUI-o": PASSWORD,
    "Pojemnosć MB max": QUOTA,
    "Limit pojemności": QUOTA,
    "Pojemnsoc": QUOTA,
    "Przekierowania": FORWARD,
    "Przekierowanie - pozostaw kopie": KEEP_COPY,
    "Domena główna": DOMAIN,
    "UserPassword": PASSWORD,
    "userpassword": PASSWORD,
    "emailPassword": PASSWORD,
    "HasloEmail": PASSWORD,
    "E-mailHasło": PASSWORD,
    "Pass": PASSWORD,
    "Passwd": PASSWORD,
    "PWD": PASSWORD,
    "pwd1": PASSWORD,
    "QuotaInMB": QUOTA,
    "MailboxSize": QUOTA,
    "Keep": KEEP_COPY,
    "Kopia": KEEP_COPY,
    "Kopia w skrzynce": KEEP_COPY,
}
UNLIKE = [
    *(
        "",
        "*",
        "Data zmiany hasła",
        "Klasa",
        "Pracownik",
        "Pokój",
        "Etat",
        "Telefon",
        "Nazwisko",
        "Imię",
        "Imię i nazwisko",
    ),
    *(
        "Login",
        "Rola",
        "Uwagi",
        "Nr",
        "Numer",
        "Dział",
        "Miasto",
        "Grupa",
        "Stanowisko",
        "Status",
        "Opis",
        "Kwota",
        "Kod",
    ),
    *(
        "Passport",
        "Adres domowy",
        "Adres zamieszkania",
        "Konto bankowe",
        "Mailing",
        "Hasz",
        "Masa",
        "Lp.",
        "ID",
        "PESEL",
    ),
    *(
        "Data urodzenia",
        "Szkoła",
        "Pojemnik",
        "Domek",
        "Kopia dowodu",
        "Kopiarka",
        "PassportNo",
        "Class",
        "Room",
        "Phone",
        "Name",
        "Surname",
        "Notes",
        "x" * 300,
    ),
]


def test_a_name_that_holds_ours_or_is_mistyped_looks_like_it():
    assert {name: find_similar_field(name) for name in LIKE} == LIKE


@pytest.mark.parametrize("name", UNLIKE)
def test_other_names_look_like_none_of_ours(name):
    assert find_similar_field(name) is None


# --- Passwords -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        *(
            "zaĹĽĂłĹ‚Ä‡1",
            "zaÅ¼Ã³Å‚Ä‡1",
            "za┼╝├│┼é─ç1",
            "zaŇº√≥Ň\u201ań\u20211",
            "zaÃ…Â¼ÃƒÂ³1",
            "M├╝sli2026",
            "naÃ¯ve12",
        ),
        *(
            "gÄ™Ĺ›JaĹşĹ„77",
            "mrĂłwkaĹ»ĂłĹ‚w8",
            "Ä‡maĹ\ufffdoĹ›99",
            "mrĂłwka1",
            "abc\ufffd12",
            "donâ€™t12",
            "Ð¿Ñ€Ð¸Ð²ÐµÑ‚1",
        ),
        # Half letters, since characters that cannot be seen were dropped.
        *("zaÅ¼Ã³Å1", "jeÅ¼ykÃ³wÄ1"),
        # Read in the code page of western Europe.
        *("za¿ó³æ1", "w³a¶ciwy1", "ks±¿ka12", "mó\x9fd\x9f1", "ksi╣┐ka1"),
        *("zaý—¸Ť1", "zaøÛ≥Ê1", "¶liwka88", "zaЕјГіЕ‚Д‡1"),
        *("a&amp;b1234", "x&lt;y1234", "&quot;abc123", "it&#39;s12", "it&#x27;s12", "a&nbsp;b12", "a&amp;lt;b12"),
        *("za&#380;&oacute;&#322;&#263;1", r"za\u017c\u00f3\u0142\u01071", "za%C5%BC%C3%B31", "za=C5=BC=C3=B31"),
    ],
)
def test_a_garbled_password_is_found(text):
    assert is_garbled(text)


PROPER = [
    # Polish, also in capitals, whose letters are bytes of UTF-8 in some code pages.
    *(
        "Żółw123",
        "zażółć gęślą jaźń 1",
        "ŻÓŁW1",
        "CÓŻ1",
        "MÓŁ12",
        "KSIĘŻYC7",
        "ĆMA123",
        "PAŃSTWO1",
        "DŻDŻOWNICA1",
        "Źdźbło9",
    ),
    *(
        "PCHNĄĆ W TĘ ŁÓDŹ JEŻA LUB OŚM SKRZYŃ FIG 1",
        "końca1",
        "SŁOŃCE1",
        "hańba1",
        "ŚWIERSZCZ3",
        "ŁÓŻKO12",
        "WRÓŻ1",
        "ó1",
        "ÓŁ1",
    ),
    # German, French, Spanish, Portuguese.
    *(
        "Müsli2026",
        "Straße9",
        "GRÖSSE1",
        "ÄPFEL12",
        "Übermäßig1",
        "Châtelet3",
        "naïve1",
        "CHÂTEAU1",
        "ÉLÈVE12",
        "NOËL24",
    ),
    *(
        "garçon1",
        "œuvre1",
        "ÇA VA1",
        "señor5",
        "AÑO2026",
        "¿Qué tal? 1",
        "pingüino1",
        "coração1",
        "SÃO PAULO1",
        "l’été1",
    ),
    # Czech, Slovak, Hungarian, Romanian.
    *(
        "příliš žluťoučký kůň 1",
        "PŘÍLIŠ ŽLUŤOUČKÝ KŮŇ 1",
        "ČEŠTINA1",
        "päť12",
        "PÄŤ1",
        "DEVÄŤ9",
        "stĺp12",
        "árvíztűrő1",
    ),
    *("ÁRVÍZTŰRŐ TÜKÖRFÚRÓGÉP1", "PĂŞUNE1", "mâine1", "ŞTIINŢĂ1", "brânză1"),
    # Nordic and Baltic.
    *("Å1kea", "blåbær1", "RØDGRØD1", "smörgås1", "ÅÄÖ123", "þorn12", "ĄŽUOLAS1", "ēģīte1"),
    # Other writings, and signs that people do use.
    *(
        "Привет1",
        "ПРИВЕТ1",
        "日本語1",
        "Ελλάδα1",
        "שלום1",
        "£ódka",
        "12¾",
        "CO₂abc1",
        "m²test1",
        "m³woda1",
        "rock´n´roll1",
    ),
    *(
        "5€abc",
        "a§b1",
        "20°C1",
        "„cytat”1",
        "a–b1",
        "l·l1",
        "a…b1",
        "№1abc",
        "½litra",
        "100‰",
        "«BLÅ»1",
        "naïve€1",
        "a\u00a0b1",
    ),
    *("AT&T;ok1", "ma%20pa12", "ńßHaslo1", "żółw&copy;1"),
    *("a&copy1", "R&B&C;12", "100%AB1", "a=C5=1", r"\ufoo1", "a%C5%1", "Tom&Jerry;1", "abc123", ""),
]


@pytest.mark.parametrize("text", PROPER)
def test_a_password_as_people_write_them_is_not_garbled(text):
    assert not is_garbled(text)


POLISH = st.sampled_from(
    ["zażółć", "gęślą", "jaźń", "mrówka", "Łódź", "źdźbło", "wąż", "księżyc", "ŻÓŁW", "Ćma", "oś", "ó", "Śląsk", "koń"]
)


@given(POLISH, st.integers(0, 9999), st.sampled_from(CODE_PAGES), st.sampled_from([None, *CODE_PAGES]))
@settings(max_examples=800)
def test_polish_words_decoded_wrongly_are_found(word, number, code_page, again):
    garbled = misread(f"{word}{number}", code_page)
    if again:
        garbled = misread(garbled, again)
    assert is_garbled(garbled)


def test_a_long_text_of_odd_signs_is_looked_through_in_time():
    assert not is_garbled("a" + "¿" * 10_000)


# --- What proves that a list was garbled -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *(("Imiê", {"letters"}), ("ImiÄ™", {"letters"}), ("Imi?", {"letters", "?"}), ("Imi??", {"letters", "?"})),
        *(("Imi_ i nazwisko", {"letters", "_"}), ("IMI? I NAZWISKO", {"letters", "?"}), ("Dzia³", {"letters"})),
        *(("Has?o do WiFi", {"letters", "?"}), ("Has_o", {"letters", "_"}), ("P³eæ", {"letters"})),
        *(("Stanowisko s³u¿bowe", {"letters"}), ("Zespó?", {"letters", "?"}), ("Miejscowoœæ", {"letters"})),
        *(("Pozostaw kopiê", {"letters"}), ("Imi&#281;", {"&"}), ("Has%C5%82o", {"%"}), ("Has%B3o", {"%"})),
        *(("Imię", set()), ("Imie", set()), ("Imię?", set()), ("Uwagi?", set()), ("Active?", set())),
        *(("imię_i_nazwisko", set()), ("user_name", set()), ("Hasło", set()), ("Haslo", set()), ("", set())),
        *(("Prénom", set()), ("Größe", set()), ("Imi\u0119\u00a0i nazwisko", set()), ("R&D", set())),
    ],
)
def test_names_of_columns_prove_damage(name, damage):
    assert find_damage_in_names([name, "E-mail"]) == damage


@pytest.mark.parametrize(
    "cell",
    [
        *("Zió³kowski", "Kamiñski", "£ukasz", "Micha³", "Pawe³ Nowak", "El¿bieta", "Œwi¹tek", "¯aneta", "Sko³a z Now±"),
        *("ZiĂłĹ‚kowski", "Zi\ufffdłkowski", "MICHA£", "Wiśniewska, Ma³gorzata"),
    ],
)
def test_a_garbled_cell_of_any_column_proves_damage(cell):
    assert Damage.LETTERS in find_damage_in_sheet(Sheet(None, (Record(2, ["jan@a.pl", "x", cell]),)), 1)


@pytest.mark.parametrize(
    "cell",
    [
        *("Czy na pewno?", "Has?o", "Imi?", "Łukasz Żółć", "10 m³ wody", "10 m³wody", "dm³ł", "Muñoz", "Bœuf", "¿Qué?"),
        *("https://pl.wikipedia.org/wiki/%C5%81%C3%B3d%C5%BA", "rabat 5%20", "Müller", "a=C5=1", "AT&T", "€5", "£5"),
        *("Zażółć gęślą jaźń", "Łukasz Wiśniewski", "Dvořák", "Ковальчук", "5 ± 1", "Uwaga¹"),
    ],
)
def test_other_cells_prove_nothing(cell):
    assert find_damage_in_sheet(Sheet(None, (Record(2, ["jan@a.pl", "x", cell]),)), 1) == frozenset()


def test_an_escaped_sign_proves_nothing_about_letters():
    assert find_damage_in_sheet(Sheet(None, (Record(2, ["Łoś &amp; syn", "żółw&lt;1"]),)), 1) == {"&"}


def test_percent_escapes_prove_something_only_beside_the_passwords():
    assert find_damage_in_sheet(Sheet(None, (Record(2, ["Jan%20K", "x"]),)), 1) == {"%"}
    assert find_damage_in_sheet(Sheet(None, (Record(2, ["Jan K", "ma%20pa"]),)), 1) == frozenset()


@pytest.mark.parametrize(
    ("password", "damage"),
    [
        ("£ódka123", "letters"),
        ("ma?pa12", "?"),
        ("ma_pa12", "_"),
        ("ma%20pa12", "%"),
        ("a&copy;b12", "&"),
        (r"a\u0040b1", "\\"),
    ],
)
def test_a_password_is_suspect_where_the_list_has_the_same_damage(password, damage):
    assert is_suspect(password, frozenset({damage}))
    assert not is_suspect(password, frozenset({"letters", "?", "_", "%", "&", "\\"} - {damage}))


def test_a_password_with_a_backslash_is_suspect_beside_a_cell_without_a_value_of_mysql():
    for cells in (["jan@a.pl", "x1", r"\N"], ["jan@a.pl", r"\N", ""]):
        damage = find_damage_in_sheet(Sheet(None, (Record(2, cells),)), 1)
        assert damage == {NO_VALUE}
        assert is_suspect(r"Ha\\slo111", damage)
        assert not is_suspect("Haslo111", damage)
        assert not is_suspect(r"\N", damage)
    assert not is_suspect(r"Ha\\slo111", find_damage_in_sheet(Sheet(None, (Record(2, ["jan@a.pl", r"x\N1"]),)), 1))
