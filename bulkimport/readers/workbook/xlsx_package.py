"""The parts of an XLSX file. They are found by the relationships in it, since they may have any name and folder."""

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
    """A worksheet: its name, whether it is hidden, and its XML."""

    name: str
    is_hidden: bool
    xml: bytes


@dataclass(frozen=True, slots=True)
class Workbook:
    """The parts of a workbook that are read.

    strings, styles: the XML of the shared texts and of the styles, None where the file has none. is_1904: its dates
    count from 1904. is_uncomputed: it asks programs to compute all formulas when they open it. Libraries that cannot
    compute write this, and the results in their files may be invented.
    """

    sheets: tuple[SheetPart, ...]
    strings: bytes | None
    styles: bytes | None
    is_1904: bool
    is_uncomputed: bool


def read_parts(content: bytes) -> Workbook:
    """Return the parts of a workbook without its chart sheets, which have no cells.

    Raises UnreadableError if a part is missing, and ElementTree.ParseError.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {part_name(member.filename): member for member in archive.infolist()}
        return _Package(archive, parts).workbook()


def part_name(member: str) -> str:
    """Return the name of a part in one form: some programs write backslashes, or letters of another case."""
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
        """Yield id, kind and target of each relationship of a part; an empty name stands for the package itself."""
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path in self.parts:
            for link in parse_tree(self._read(path)).iterfind("{*}Relationship"):
                kind = link.get("Type", "").rpartition("/")[2]
                yield link.get("Id", ""), kind, self._target(folder, link.get("Target", ""))

    def _target(self, folder: str, target: str) -> str:
        path = target.replace("\\", "/")
        candidates = [posixpath.normpath(posixpath.join("/", folder, link)) for link in (path, unquote(path))]
        candidates.append(path)  # from the top folder, without the leading slash that it should have
        names = [part_name(candidate) for candidate in candidates]
        return next((name for name in names if name in self.parts), names[0])

    def _optional(self, links: list[tuple[str, str, str]], kind: str, folder: str) -> bytes | None:
        usual = posixpath.join(folder, f"{kind}.xml").lower()
        path = next((part for _, link_kind, part in links if link_kind == kind), usual)
        return self._read(path) if path in self.parts else None

    def _read(self, part: str) -> bytes:
        if part not in self.parts:
            raise UnreadableError
        return self.archive.read(self.parts[part])
