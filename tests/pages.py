"""Reading pages as a browser does: what a form would send, and the text that is seen."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser

from django.test import Client

Fields = dict[str, list[str]]


class _Form(HTMLParser):
    """Collects the fields of the form whose action ends with a text, as they stand when the page is opened."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.wanted, self.is_inside, self.is_there = action, False, False
        self.action = ""
        self.fields: Fields = {}
        self.buttons: list[tuple[str, str]] = []
        self.select = ""
        self.options: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name, value = values.get("name", ""), values.get("value", "")
        if tag == "form" and self.wanted in values.get("action", ""):
            self.is_inside = self.is_there = True
            self.action = values["action"]
        elif not self.is_inside:
            return
        elif tag == "input" and name and (values.get("type") not in ("checkbox", "radio") or "checked" in values):
            self.fields.setdefault(name, []).append(value)
        elif tag == "button":
            self.buttons.append((name, value))
        elif tag == "select":
            self.select = name
            self.options[name] = []
        elif tag == "option":
            self.options[self.select].append(value)
            if "selected" in values or len(self.options[self.select]) == 1:
                self.fields[self.select] = [value]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


class _Inputs(HTMLParser):
    """Collects what each form that is sent by POST can be filled in with: by action, the attributes of each field."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, list[dict[str, str]]]] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.is_inside = values.get("method", "").lower() == "post"
            if self.is_inside:
                self.forms.append((values.get("action", ""), []))
        elif self.is_inside and tag in ("input", "select", "textarea", "button") and values.get("name"):
            self.forms[-1][1].append(values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False


def form_in(html: str, action: str) -> _Form:
    """Return the form of a page whose action contains a text: its fields, buttons and options."""
    parser = _Form(action)
    parser.feed(html)
    assert parser.is_there, f"no form for {action}"
    return parser


def inputs_in(html: str) -> list[tuple[str, list[dict[str, str]]]]:
    """Return for each form of a page that is sent by POST its action and the attributes of its fields."""
    parser = _Inputs()
    parser.feed(html)
    return parser.forms


def send_form(client: Client, url: str, action: str, changed: Mapping[str, str | list[str]]) -> str:
    """Open a page, change fields of a form, send it, and return the page that follows."""
    form = form_in(client.get(url).content.decode(), action)
    response = client.post(form.action, {**form.fields, **changed}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def text_of(html: str) -> str:
    """Return the text of a page in one line, also what only a screen reader is told."""
    parser = _Text()
    parser.feed(html)
    return " ".join(parser.words)
