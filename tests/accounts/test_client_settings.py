"""What mail programs and people are told: right for every address, and the same whether it exists."""

from __future__ import annotations

import plistlib
from urllib.parse import quote
from xml.parsers import expat

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.autodiscover import MAX_REQUEST, OUTLOOK_SCHEMA
from accounts.client_settings import client_hostname
from bulkimport.services.welcome import welcome_message
from tests.factories import make_mailbox, make_user
from tests.pages import parse, text_in

MAIL = "mail.example.com"
AUTOCONFIG = "/mail/config-v1.1.xml"
AUTODISCOVER = "/autodiscover/autodiscover.xml"
PROFILE = "/mail-settings/apple.mobileconfig"
XML_PATHS = [AUTOCONFIG, "/.well-known/autoconfig/mail/config-v1.1.xml", AUTODISCOVER, "/Autodiscover/Autodiscover.xml"]
CASES = [*XML_PATHS[2:], "/AutoDiscover/AutoDiscover.xml", "/AUTODISCOVER/AUTODISCOVER.XML"]
REQUEST = """<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
  <Request>
    <EMailAddress>{address}</EMailAddress>
    <AcceptableResponseSchema>{schema}</AcceptableResponseSchema>
  </Request>
</Autodiscover>"""


@pytest.fixture(autouse=True)
def _hostname(settings: Settings) -> None:
    settings.MAIL_HOSTNAME = MAIL


def parsed(content: bytes) -> list[tuple[str, str]]:
    """Return the elements of an XML that have text, by name with its attributes, in order; a broken one raises."""
    found: list[tuple[str, str]] = []
    path: list[tuple[str, list[str]]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        path.append((" ".join([name, *attributes.values()]), []))
        found.append((path[-1][0], ""))

    def end(_name: str) -> None:
        name, texts = path.pop()
        if text := "".join(texts).strip():
            found.append((name, text))

    parser = expat.ParserCreate(namespace_separator="|")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda data: path[-1][1].append(data)
    parser.Parse(content, True)
    return found


def ask_outlook(address: str, schema: str = OUTLOOK_SCHEMA, path: str = AUTODISCOVER) -> bytes:
    """Ask as Outlook does, without a cookie or a token, and return the answer."""
    client = Client(enforce_csrf_checks=True)
    response = client.post(path, REQUEST.format(address=address, schema=schema), content_type="text/xml")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml")
    return response.content


def server(kind: str, protocol: str, port: int, socket: str, username: str) -> list[tuple[str, str]]:
    return [
        (f"{kind} {protocol}", ""),
        ("hostname", ""),
        ("hostname", MAIL),
        ("port", ""),
        ("port", str(port)),
        ("socketType", ""),
        ("socketType", socket),
        ("authentication", ""),
        ("authentication", "password-cleartext"),
        ("username", ""),
        ("username", username),
    ]


@pytest.mark.parametrize(
    ("query", "domain", "username"),
    [
        ("?emailaddress=jan@przyklad.pl", "przyklad.pl", "jan@przyklad.pl"),
        ("?emailaddress=jan%2Bpraca@przyklad.pl", "przyklad.pl", "jan@przyklad.pl"),
        ("?emailaddress=Jan%40Przyklad.PL&emailmd5=46865a3b", "przyklad.pl", "jan@przyklad.pl"),
        (f"?emailaddress={quote('jan@żółw.pl')}", "xn--w-uga1v8h.pl", "jan@xn--w-uga1v8h.pl"),
        ("", MAIL, "%EMAILADDRESS%"),
        ("?emailaddress=", MAIL, "%EMAILADDRESS%"),
    ],
)
@pytest.mark.parametrize("path", XML_PATHS[:2])
def test_autoconfig_names_all_servers(client: Client, path: str, query: str, domain: str, username: str) -> None:
    response = client.get(path + query)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml")
    assert response.content.startswith(b"<?xml")
    assert not response.cookies
    provider = [("domain", ""), ("domain", domain), ("displayName", ""), ("displayName", domain)]
    assert parsed(response.content) == [
        ("clientConfig 1.1", ""),
        (f"emailProvider {domain}", ""),
        *provider,
        ("displayShortName", ""),
        ("displayShortName", domain),
        *server("incomingServer", "imap", 993, "SSL", username),
        *server("incomingServer", "pop3", 995, "SSL", username),
        *server("outgoingServer", "smtp", 465, "SSL", username),
        *server("outgoingServer", "smtp", 587, "STARTTLS", username),
    ]


@pytest.mark.parametrize("address", ["jan", "a@b@c.pl", "<x>@przyklad.pl", "jan@przyklad.pl\x00", "x" * 5000, "@", "%"])
def test_autoconfig_refuses_what_is_no_address(client: Client, address: str) -> None:
    response = client.get(AUTOCONFIG, {"emailaddress": address})
    assert (response.status_code, response.headers["Content-Type"]) == (400, "text/plain")


@pytest.mark.parametrize("path", CASES)
@pytest.mark.parametrize(
    ("typed", "login", "shown"),
    [
        ("jan@przyklad.pl", "jan@przyklad.pl", "jan@przyklad.pl"),
        (" JAN@ŻÓŁW.pl ", "jan@xn--w-uga1v8h.pl", "jan@żółw.pl"),
    ],
)
def test_outlook_gets_one_server_of_each_kind(path: str, typed: str, login: str, shown: str) -> None:
    names = {
        "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006": "",
        OUTLOOK_SCHEMA: "2006a:",
    }
    found = [
        (names[name.split("|")[0]] + name.split("|")[1], text)
        for name, text in parsed(ask_outlook(typed, path=path))
        if text or "Autodiscover" in name or name.endswith("|Response")
    ]
    assert found[:5] == [
        ("Autodiscover", ""),
        ("2006a:Response", ""),
        ("2006a:DisplayName", shown),
        ("2006a:AccountType", "email"),
        ("2006a:Action", "settings"),
    ]
    values = [(name.removeprefix("2006a:"), text) for name, text in found[5:]]
    expected = []
    for protocol, port in (("IMAP", "993"), ("POP3", "995"), ("SMTP", "465")):
        expected += [("Type", protocol), ("Server", MAIL), ("Port", port), ("DomainRequired", "off")]
        expected += [("LoginName", login), ("SPA", "off"), ("SSL", "on"), ("AuthRequired", "on")]
    assert values == [*expected, ("UsePOPAuth", "on"), ("SMTPLast", "off")]


def test_outlook_is_answered_in_a_browser_too(client: Client) -> None:
    assert client.get(AUTODISCOVER, {"emailaddress": "jan@przyklad.pl"}).content == ask_outlook("jan@przyklad.pl")


def test_a_request_may_name_no_schema_several_or_one_with_https() -> None:
    good = ask_outlook("jan@przyklad.pl")
    assert ask_outlook("jan@przyklad.pl", OUTLOOK_SCHEMA.replace("http:", "https:")) == good
    other = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
    several = f"{other}</AcceptableResponseSchema><AcceptableResponseSchema>\n {OUTLOOK_SCHEMA}\n"
    assert ask_outlook("jan@przyklad.pl", several) == good
    body = REQUEST.format(address="jan@przyklad.pl", schema="").replace("<AcceptableResponseSchema>", "<!--")
    body = body.replace("</AcceptableResponseSchema>", "-->")
    assert Client().post(AUTODISCOVER, body, content_type="text/xml").content == good


def error_code(content: bytes) -> str:
    return {name.rpartition("|")[2]: text for name, text in parsed(content) if text}["ErrorCode"]


def test_who_asks_for_another_service_is_told_so() -> None:
    schema = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
    assert error_code(ask_outlook("jan@przyklad.pl", schema)) == "601"


WITH_ENTITY = (
    '<!DOCTYPE Autodiscover [<!ENTITY e "jan@przyklad.pl">]>'
    "<Autodiscover><Request><EMailAddress>&e;</EMailAddress></Request></Autodiscover>"
)
FINE = REQUEST.format(address="jan@przyklad.pl", schema=OUTLOOK_SCHEMA)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"emailaddress=jan%40przyklad.pl",
        b"<",
        b"\xff\xfe\x00",
        FINE.encode()[:-5],
        WITH_ENTITY.encode(),
        FINE.replace("<?xml", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><?xml").encode(),
        FINE.replace("utf-8", "no-such-encoding").encode(),
        FINE.replace("EMailAddress", "Other").encode(),
        FINE.replace("Request>", "Wrong>").encode(),
        FINE.replace("jan@", "").encode(),
        FINE.replace("jan@przyklad.pl", "<b>jan@przyklad.pl</b>").encode(),
        FINE.replace("jan", "&lt;script&gt;").encode(),
        b"<Autodiscover>" + b"<a>" * 5000,
        FINE.encode() + b" " * MAX_REQUEST,
    ],
)
def test_a_wrong_request_gets_the_error_of_the_protocol(body: bytes) -> None:
    response = Client(enforce_csrf_checks=True).post(AUTODISCOVER, body, content_type="text/xml")
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/xml")
    assert error_code(response.content) == "600"


def test_a_request_without_an_address_gets_the_error_of_the_protocol(client: Client) -> None:
    assert error_code(client.get(AUTODISCOVER).content) == "600"
    assert client.put(AUTODISCOVER).status_code == 405


def test_no_more_of_a_request_is_read_than_a_request_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def read(self: object, size: int) -> bytes:
        asked.append(size)
        return b" " * size

    monkeypatch.setattr("django.core.handlers.wsgi.WSGIRequest.read", read)
    assert error_code(Client().post(AUTODISCOVER, b"x" * 100_000, content_type="text/xml").content) == "600"
    assert asked == [MAX_REQUEST + 1]


def test_apple_gets_a_profile_without_a_password(client: Client) -> None:
    response = client.get(PROFILE, {"address": "Jan@Żółw.pl"})
    assert response.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert response.headers["Content-Disposition"] == 'attachment; filename="jan@xn--w-uga1v8h.pl.mobileconfig"'
    profile = plistlib.loads(response.content)
    [account] = profile["PayloadContent"]
    assert profile["PayloadType"] == "Configuration"
    assert profile["PayloadDisplayName"] == "Mail: jan@żółw.pl"
    assert {name: value for name, value in account.items() if not name.startswith("Payload")} == {
        "EmailAccountDescription": "jan@żółw.pl",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": "jan@xn--w-uga1v8h.pl",
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": MAIL,
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": "jan@xn--w-uga1v8h.pl",
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": MAIL,
        "OutgoingMailServerPortNumber": 465,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": "jan@xn--w-uga1v8h.pl",
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    assert account["PayloadType"] == "com.apple.mail.managed"
    assert account["PayloadVersion"] == profile["PayloadVersion"] == 1


def identities(client: Client, address: str) -> list[str]:
    profile = plistlib.loads(client.get(PROFILE, {"address": address}).content)
    parts = [profile, *profile["PayloadContent"]]
    return [part[name] for part in parts for name in ("PayloadUUID", "PayloadIdentifier")]


def test_a_profile_has_the_same_identity_each_time_and_another_for_another_address(client: Client) -> None:
    first = identities(client, "jan@przyklad.pl")
    assert identities(client, "JAN@przyklad.pl") == first
    assert not set(identities(client, "ewa@przyklad.pl")) & set(first)
    assert len(set(first)) == len(first)


def test_a_faulty_address_leads_from_the_profile_back_to_the_page(client: Client) -> None:
    response = client.get(PROFILE, {"address": 'jan"><b>'}, follow=True)
    assert response.redirect_chain == [("/mail-settings/?address=jan%22%3E%3Cb%3E", 302)]
    assert "has no @" in response.content.decode()
    assert [bold.text for bold in parse(response.content.decode()).find("main").find_all("b")] == ["Error:"]


def test_the_page_shows_everything_that_a_program_asks_for(client: Client) -> None:
    page = client.get("/mail-settings/").content.decode()
    for text in (MAIL, "993", "995", "465", "587", "SSL/TLS", "STARTTLS", "the whole e-mail address"):
        assert text in page
    assert PROFILE not in page
    page = client.get("/mail-settings/", {"address": "Jan@Żółw.pl"}).content.decode()
    assert "jan@xn--w-uga1v8h.pl" in text_in(page)
    assert "jan@żółw.pl in the form that mail programs need" in text_in(page)
    assert f"{PROFILE}?address=jan%40xn--w-uga1v8h.pl" in page


@pytest.mark.parametrize(
    ("address", "message"),
    [("", "is missing"), ("jan", "has no @"), ("<script>@przyklad.pl", "not an e-mail address"), ("\x00", "Null")],
)
def test_the_page_says_what_is_wrong_with_an_address_and_keeps_it(client: Client, address: str, message: str) -> None:
    page = client.get("/mail-settings/", {"address": address}).content.decode()
    assert message in page
    assert 'aria-invalid="true"' in page
    assert "<script>@" not in page
    assert "993" in page


def test_the_page_is_in_polish_too(client: Client) -> None:
    with translation.override("pl"):
        page = client.get("/mail-settings/", {"address": "jan"}, headers={"accept-language": "pl"}).content.decode()
    assert '<html lang="pl">' in page
    assert "brakuje znaku @" in page


@pytest.mark.django_db
def test_nobody_learns_whether_a_mailbox_exists(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Nothing is looked up, so nothing can differ, not even the time it takes."""
    make_mailbox("jan@przyklad.iq.pl")
    with django_assert_num_queries(0):
        for path, name in ((AUTOCONFIG, "emailaddress"), (PROFILE, "address"), ("/mail-settings/", "address")):
            there, not_there = (client.get(path, {name: a}) for a in ("jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"))
            assert there.status_code == not_there.status_code == 200
        there, not_there = (ask_outlook(a) for a in ("jan@przyklad.iq.pl", "ewa@przyklad.iq.pl"))
    assert there.replace(b"jan@", b"ewa@") == not_there


@pytest.mark.django_db
def test_the_pages_are_there_for_those_who_are_signed_in_too(client: Client) -> None:
    client.force_login(make_user())
    assert client.get("/mail-settings/").status_code == 200
    assert client.get(AUTOCONFIG).status_code == 200


@pytest.mark.parametrize("path", [*XML_PATHS, PROFILE])
def test_nothing_is_answered_before_the_server_has_a_name(client: Client, settings: Settings, path: str) -> None:
    settings.MAIL_HOSTNAME = ""
    assert client.get(path, {"emailaddress": "jan@przyklad.pl", "address": "jan@przyklad.pl"}).status_code == 404
    if "autodiscover" in path.lower():
        assert client.post(path, FINE, content_type="text/xml").status_code == 404


def test_the_page_says_calmly_that_the_server_has_no_name_yet(client: Client, settings: Settings) -> None:
    settings.MAIL_HOSTNAME = ""
    response = client.get("/mail-settings/", {"address": "jan@przyklad.pl"})
    assert response.status_code == 200
    assert "has not set the name of its mail server yet" in response.content.decode()
    assert "993" not in response.content.decode()


def test_programs_can_be_given_another_name_of_the_server(client: Client, settings: Settings) -> None:
    assert client_hostname() == MAIL
    settings.MAIL_CLIENT_HOSTNAME = "poczta.example.com"
    assert dict(parsed(client.get(AUTOCONFIG).content))["hostname"] == "poczta.example.com"
    assert b"poczta.example.com" in ask_outlook("jan@przyklad.pl")
    assert "poczta.example.com, port 993" in welcome_message("jan@przyklad.pl").get_content()


def test_every_page_leads_to_the_settings(client: Client) -> None:
    assert 'href="/mail-settings/"' in client.get("/login/").content.decode()


def test_an_address_with_a_plus_gets_the_settings_of_its_mailbox_in_every_format(client: Client) -> None:
    typed = {"address": "Jan+Praca+x@przyklad.iq.pl"}
    answers = [
        client.get("/mail-settings/", typed),
        client.get("/mail-settings/apple.mobileconfig", typed),
        client.get(AUTODISCOVER, {"emailaddress": typed["address"]}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "jan@przyklad.iq.pl" in text_in(answer.content.decode())
        assert b"+praca" not in answer.content.lower().replace(b'value="jan+praca', b"")
