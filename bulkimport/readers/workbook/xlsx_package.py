"""The parts of an XLSX file, found as its relationships name them, whatever they are called and wherever they lie."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree

from bulkimport.readers.workbook.grid import UnreadableError
from bulkimport.readers.workbook.parsing import parse_tree

_MAIN_TYPE: Final = re.compile(
    r"application/vnd\.(openxmlformats-officedocument\.spreadsheetml\.(sheet|template)"
    r"|ms-excel\.(sheet|template|addin)\.macroEnabled)\.main\+xml",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A worksheet: its name, and its XML as it stands in the file."""

    name: str
    is_hidden: bool
    xml: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """What is read of a workbook. strings and styles: their XML, None where the file has none.

    is_uncomputed: the file asks every program to compute all its formulas when it is opened, as libraries write it that
    compute none themselves; the results that it has may be made up.
    """

    sheets: tuple[SheetPart, ...]
    strings: bytes | None
    styles: bytes | None
    is_1904: bool
    is_uncomputed: bool


def read_parts(content: bytes) -> Workbook:
    """Return the parts of a workbook; chart sheets, which alone have no cells, are passed over.

    Raises UnreadableError where a part is missing, and ElementTree.ParseError.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {part_name(member.filename): member for member in archive.infolist()}
        return _Package(archive, parts).workbook()


def part_name(member: str) -> str:
    """Return the name of a part as it is compared: some programs write back slashes, or letters of another case."""
    return member.replace("\\", "/").lstrip("/").lower()


@dataclass(frozen=True, slots=True)
class _Package:
    archive: zipfile.ZipFile
    parts: dict[str, zipfile.ZipInfo]

    def workbook(self) -> Workbook:
        main = self._main()
        links = list(self._links(main))
        root = parse_tree(self._read(main))
        properties, calculation = root.find("{*}workbookPr"), root.find("{*}calcPr")
        folder = posixpath.dirname(main)
        return Workbook(
            sheets=tuple(self._sheets(root, {key: (kind, part) for key, kind, part in links})),
            strings=self._optional(links, "sharedStrings", folder),
            styles=self._optional(links, "styles", folder),
            is_1904=properties is not None and properties.get("date1904") in ("1", "true"),
            is_uncomputed=calculation is not None and calculation.get("fullCalcOnLoad") in ("1", "true"),
        )

    def _sheets(self, root: ElementTree.Element, links: dict[str, tuple[str, str]]) -> Iterator[SheetPart]:
        for sheet in root.iterfind("{*}sheets/{*}sheet"):
            key = next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
            if key not in links:
                raise UnreadableError
            kind, part = links[key]
            if kind != "chartsheet":
                is_hidden = sheet.get("state", "visible") != "visible"
                yield SheetPart(sheet.get("name", ""), is_hidden, self._read(part))

    def _main(self) -> str:
        for _, kind, part in self._links(""):
            if kind == "officeDocument" and part in self.parts:
                return part
        if "[content_types].xml" in self.parts:
            types = parse_tree(self._read("[content_types].xml"))
            for override in types.iterfind("{*}Override"):
                part = part_name(override.get("PartName", ""))
                if _MAIN_TYPE.fullmatch(override.get("ContentType", "")) and part in self.parts:
                    return part
        return "xl/workbook.xml"

    def _links(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield what a part refers to, the package itself where it is empty: an id, a kind and a part."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path in self.parts:
            for link in parse_tree(self._read(path)).iterfind("{*}Relationship"):
                kind = link.get("Type", "").rpartition("/")[2]
                yield link.get("Id", ""), kind, self._target(folder, link.get("Target", ""))

    def _target(self, folder: str, target: str) -> str:
        path = target.replace("\\", "/")
        ways = [posixpath.normpath(posixpath.join("/", folder, way)) for way in (path, unquote(path))]
        ways.append(path)  # from the package's top without the slash that would say so
        names = [part_name(way) for way in ways]
        return next((name for name in names if name in self.parts), names[0])

    def _optional(self, links: list[tuple[str, str, str]], kind: str, folder: str) -> bytes | None:
        path = next((part for _, found, part in links if found == kind), posixpath.join(folder, f"{kind}.xml").lower())
        return self._read(path) if path in self.parts else None

    def _read(self, part: str) -> bytes:
        if part not in self.parts:
            raise UnreadableError
        return self.archive.read(self.parts[part])
