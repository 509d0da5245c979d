"""Reading pages as a browser does: what a form would send, and the text that is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.test import Client

Fields = dict[str, list[str]]


@dataclass
class Form:
    """A form of a page. `fields` is what it would send as it stands when the page is opened."""

    action: str
    method: str
    fields: Fields = field(default_factory=dict)
    inputs: list[dict[str, str]] = field(default_factory=list)  # the attributes of everything with a name
    options: dict[str, list[str]] = field(default_factory=dict)

    @property
    def buttons(self) -> list[tuple[str, str]]:
        return [(each["name"], each.get("value", "")) for each in self.inputs if each["tag"] == "button"]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.is_inside = False
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name, value = values.get("name", ""), values.get("value", "")
        if tag == "form":
            self.is_inside = True
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        if not self.is_inside:
            return
        form = self.forms[-1]
        if name and tag in ("input", "select", "textarea", "button"):
            form.inputs.append({"tag": tag, **values})
        if tag == "input" and name and (values.get("type") not in ("checkbox", "radio") or "checked" in values):
            form.fields.setdefault(name, []).append(value)
        elif tag == "textarea":
            self.textarea = name
            form.fields[name] = [""]
        elif tag == "select":
            self.select = name
            form.options[name] = []
        elif tag == "option":
            form.options[self.select].append(value)
            if "selected" in values or len(form.options[self.select]) == 1:
                form.fields[self.select] = [value]

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.forms[-1].fields[self.textarea][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "textarea":
            self.textarea = ""


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def forms_in(html: str) -> list[Form]:
    """Return the forms of a page."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


def form_in(html: str, action: str = "", *, field: str = "") -> Form:
    """Return the form of a page whose action contains a text, or that has a field of this name."""
    forms = [each for each in forms_in(html) if action in each.action and (not field or field in each.fields)]
    assert forms, f"no form for {action or field}"
    return min(forms, key=lambda form: form.action != action)


def send_form(client: Client, url: str, action: str, changed: Mapping[str, str | list[str]]) -> str:
    """Open a page, change fields of a form, send it, and return the page that follows."""
    form = form_in(client.get(url).content.decode(), action)
    response = client.post(form.action, {**form.fields, **changed}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def fill_in(client: Client, url: str, changed: Mapping[str, object], *, follow: bool = False) -> Any:
    """Open a page, change fields of its form with a token, send it, and return the response."""
    form = form_in(client.get(url).content.decode(), field="token")
    return client.post(url, {**form.fields, **changed}, follow=follow)


def text_of(html: str) -> str:
    """Return the text of a page in one line, also what only a screen reader is told."""
    parser = _Text()
    parser.feed(html)
    return " ".join(parser.words)
