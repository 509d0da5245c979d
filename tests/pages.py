"""Reading pages as a browser does: their elements and text, their links and rows, and what their forms would send."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from typing import Any

from django.test import Client

Fields = dict[str, list[str]]

TOKEN = "t" * 32  # like the one in each form, by which the second of two presses is known

# Elements that have no end tag, and those whose content is not shown.
EMPTY = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNSEEN = {"script", "style"}


@dataclass
class Element:
    """An element of a page with its attributes, and what is in it: elements and texts."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: list[Element | str] = field(default_factory=list)

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def __contains__(self, attribute: str) -> bool:
        return attribute in self.attributes

    @property
    def text(self) -> str:
        """The text in one line, also what only a screen reader is told. An address is in one piece."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.content:
            if isinstance(part, str):
                yield part
            elif part.tag != "wbr" and part.tag not in UNSEEN:
                yield from (" ", *part._texts(), " ")

    def descendants(self) -> Iterator[Element]:
        """Yield all elements in this one, in the order of the page."""
        for part in self.content:
            if isinstance(part, Element):
                yield part
                yield from part.descendants()

    def find_all(self, tag: str = "", **attributes: str) -> list[Element]:
        """Return the elements in this one with a tag and attributes, in the order of the page.

        `class_` is one of the classes; in the other names `_` stands for `-`; an empty value is any value.
        """
        return [each for each in self.descendants() if tag in ("", each.tag) and each._has(attributes)]

    def find(self, tag: str = "", **attributes: str) -> Element:
        """Return the only element in this one with a tag and attributes. Fails unless there is exactly one."""
        elements = self.find_all(tag, **attributes)
        assert len(elements) == 1, f"{len(elements)} elements {tag} {attributes}"
        return elements[0]

    def _has(self, attributes: Mapping[str, str]) -> bool:
        for name, wanted in attributes.items():
            value = self.attributes.get(name.rstrip("_").replace("_", "-"))
            if value is None or (wanted and wanted not in (value.split() if name == "class_" else [value])):
                return False
        return True


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Element("")
        self.open = [self.page]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in EMPTY:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def parse(html: str) -> Element:
    """Return a page as the element that everything is in."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    return parser.page


def text_in(html: str) -> str:
    """Return the text of a page in one line, also what only a screen reader is told."""
    return parse(html).text


def links_in(html: str) -> list[tuple[str, str]]:
    """Return the text and the address of each link of a page."""
    return [(link.text, link["href"]) for link in parse(html).find_all("a", href="")]


def rows_in(html: str) -> list[list[str]]:
    """Return the texts of the cells of each row of the tables of a page, without the rows of their heads."""
    rows = [row for body in parse(html).find_all("tbody") for row in body.find_all("tr")]
    return [[cell.text for cell in row.content if isinstance(cell, Element)] for row in rows]


def secrets_in(html: str) -> dict[str, str]:
    """Return by address what a page shows to hand over: passwords or links."""
    entries = [
        (entry["data-account"], entry.find_all(data_password="")) for entry in parse(html).find_all(data_account="")
    ]
    return {address: secrets[0].text for address, secrets in entries if secrets}


@dataclass
class Form:
    """A form of a page. `fields` is what it would send as it stands when the page is opened."""

    action: str
    method: str
    fields: Fields = field(default_factory=dict)
    inputs: list[dict[str, str]] = field(default_factory=list)  # the attributes of everything with a name
    options: dict[str, list[str]] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)  # where its buttons send it

    @property
    def buttons(self) -> list[tuple[str, str]]:
        return [(each["name"], each.get("value", "")) for each in self.inputs if each["tag"] == "button"]

    def add(self, control: Element) -> None:
        """Take up an input, a list to choose from, a text area or a button."""
        kind = control.attributes.get("type", "submit" if control.tag == "button" else "text")
        if kind == "submit":
            self.targets.append(control.attributes.get("formaction", self.action))
        if "name" not in control:
            return
        name = control["name"]
        self.inputs.append({"tag": control.tag, **control.attributes})
        if control.tag == "input" and (kind not in ("checkbox", "radio") or "checked" in control):
            usual = "on" if kind in ("checkbox", "radio") else ""
            self.fields.setdefault(name, []).append(control.attributes.get("value", usual))
        elif control.tag == "textarea":
            self.fields[name] = ["".join(part for part in control.content if isinstance(part, str))]
        elif control.tag == "select":
            options = control.find_all("option")
            self.options[name] = [option["value"] for option in options]
            if chosen := [option for option in options if "selected" in option] or options[:1]:
                self.fields[name] = [chosen[-1]["value"]]


def forms_in(html: str) -> list[Form]:
    """Return the forms of a page, each with its controls: those inside it and those that name its id."""
    page = parse(html)
    controls = [each for each in page.descendants() if each.tag in ("input", "select", "textarea", "button")]
    forms = []
    for element in page.find_all("form"):
        form = Form(element.attributes.get("action", ""), element.attributes.get("method", "get").lower())
        inside = {id(each) for each in element.descendants()}
        for control in controls:
            if control["form"] == element.attributes.get("id") if "form" in control else id(control) in inside:
                form.add(control)
        forms.append(form)
    return forms


def form_in(html: str, action: str = "", *, field: str = "") -> Form:
    """Return the form of a page that a button sends to an address with this text, or that has a field of this name."""
    forms = [
        replace(form, action=target)
        for form in forms_in(html)
        for target in form.targets
        if action in target and (not field or field in form.fields)
    ]
    assert forms, f"no form for {action or field}"
    return min(forms, key=lambda form: form.action != action)


def open_page(client: Client, url: str, data: Mapping[str, Any] | None = None, **headers: str) -> str:
    """Return the page at an address, which must be there."""
    response = client.get(url, data, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def read_page(client: Client, url: str) -> Element:
    """Return the elements of the page at an address, which must be there."""
    return parse(open_page(client, url))


def read_response(response: Any) -> Element:
    """Return the elements of the page that a response has."""
    return parse(response.content.decode())


def fill_in(client: Client, url: str, changed: Mapping[str, object], *, action: str = "", follow: bool = False) -> Any:
    """Open a page, change fields of a form, send it, and return the response.

    action: what the form's action contains; where nothing is said, it is the form with a token.
    """
    form = form_in(client.get(url).content.decode(), action, field="" if action else "token")
    return client.post(form.action or url, {**form.fields, **changed}, follow=follow)


def send_form(client: Client, url: str, action: str, changed: Mapping[str, str | list[str]]) -> str:
    """Open a page, change fields of the form with this action, send it, and return the page that follows."""
    response = fill_in(client, url, changed, action=action, follow=True)
    assert response.status_code == 200
    html: str = response.content.decode()
    return html
