"""XLS files written by hand, record by record, for what no program at hand writes."""

import struct
from dataclasses import dataclass

FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
WORKSHEET, MACROS, CHART = 0, 1, 2
BOF_KINDS = {WORKSHEET: 0x10, MACROS: 0x40, CHART: 0x20}
EOF = b"\x0a\0\0\0"
CALCULATED = b"\xc1\x01\x08\0\xc1\x01\0\0\x54\x8d\x01\0"  # RECALCID, as LibreOffice writes it
ASK_ALWAYS, ASK_AT_OPENING = 1, 2
EMPTY_TEXT = b"\x03\0\0\0\0\0\xff\xff"  # results of formulas
TEXT_FOLLOWS = b"\0\0\0\0\0\0\xff\xff"
ZERO = bytes(8)


@dataclass
class Page:
    """A sheet: records of its cells, and what the workbook says of it."""

    records: bytes
    name: str = "Konta"
    kind: int = WORKSHEET
    state: int = 0


def record(code: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", code, len(data)) + data


def text8(text: str, length: str = "<H") -> bytes:
    """Return a text as Excel 97 has it, in UTF-16 where it needs it."""
    is_wide = any(ord(letter) > 255 for letter in text)
    return struct.pack(length, len(text)) + bytes([is_wide]) + text.encode("utf-16-le" if is_wide else "latin-1")


def label(row: int, column: int, text: str | bytes, style: int = 0) -> bytes:
    """Return a cell with a text; bytes are one of Excel 5."""
    body = text8(text) if isinstance(text, str) else struct.pack("<H", len(text)) + text
    return record(0x204, struct.pack("<HHH", row, column, style) + body)


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, style, value))


def error(row: int, column: int) -> bytes:
    return record(0x205, struct.pack("<HHHBB", row, column, 0, 0x2A, 1))


def boolean(row: int, column: int, value: bool) -> bytes:
    return record(0x205, struct.pack("<HHHBB", row, column, 0, value, 0))


def formula(row: int, column: int, result: bytes | float, flags: int = 0, unused: bytes = bytes(4)) -> bytes:
    if isinstance(result, float):
        result = struct.pack("<d", result)
    tokens = b"\x1e\x01\0"  # the number 1
    return record(0x6, struct.pack("<HHH8sH4sH", row, column, 0, result, flags, unused, len(tokens)) + tokens)


def result(text: str) -> bytes:
    """Return the text that the formula before it has as its result."""
    return record(0x207, text8(text))


def merged(*ranges: tuple[int, int, int, int]) -> bytes:
    """Return merged cells, each as first and last row, first and last column."""
    return record(0xE5, struct.pack("<H", len(ranges)) + b"".join(struct.pack("<HHHH", *place) for place in ranges))


def row_height(row: int, height: int, options: int = 0x100) -> bytes:
    return record(0x208, struct.pack("<HHHHHHI", row, 0, 1, height, 0, 0, options))


def xls(
    *pages: Page | bytes,
    formats: tuple[str, ...] = (),
    globals_: bytes = CALCULATED,
    excel5: bool = False,
    stream: str = "Workbook",
) -> bytes:
    """Return a workbook. The cells of style 1 have the first of the formats, those of style 0 none."""
    sheets = [page if isinstance(page, Page) else Page(page) for page in pages]
    start = bof(0x5, excel5) + globals_
    start += b"".join(
        record(0x41E, struct.pack("<H", 164 + index) + (text8(code) if not excel5 else text5(code)))
        for index, code in enumerate(formats)
    )
    styles = [0, *range(164, 164 + len(formats))]
    start += b"".join(record(0xE0, struct.pack("<HHH", 0, style, 0) + bytes(14)) for style in styles)
    names = [text5(sheet.name) if excel5 else text8(sheet.name, "<B") for sheet in sheets]
    offset = len(start) + sum(10 + len(name) for name in names) + len(EOF)
    bodies = [bof(BOF_KINDS[sheet.kind], excel5) + sheet.records + EOF for sheet in sheets]
    for sheet, name, body in zip(sheets, names, bodies, strict=True):
        start += record(0x85, struct.pack("<IBB", offset, sheet.state, sheet.kind) + name)
        offset += len(body)
    return container(start + EOF + b"".join(bodies), stream)


def bof(kind: int, excel5: bool) -> bytes:
    if excel5:
        return record(0x809, struct.pack("<HHHH", 0x500, kind, 0x0B00, 1993))
    return record(0x809, struct.pack("<HHHHII", 0x600, kind, 0x0DBB, 0x07CC, 0, 6))


def text5(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("cp1250")


def container(content: bytes, stream: str) -> bytes:
    """Return an OLE container of one stream: a header, sectors of 512 bytes that list the others, folder and stream."""
    content = content.ljust(4096, b"\0")  # shorter ones are kept in another way
    sectors = -(-len(content) // 512)
    fats = -(-(sectors + 2) // 127)
    chain = [FAT] * fats + [END] + [*range(fats + 2, fats + 1 + sectors), END]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, fats, fats, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *range(fats), *[FREE] * (109 - fats))
    table = struct.pack(f"<{128 * fats}I", *chain, *[FREE] * (128 * fats - len(chain)))
    folder = entry("Root Entry", 5, 1, END, 0) + entry(stream, 2, FREE, fats + 1, len(content)) + bytes(256)
    return header + table + folder + content.ljust(512 * sectors, b"\0")


def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    letters = name.encode("utf-16-le")
    head = letters.ljust(64, b"\0") + struct.pack("<HBBIII", len(letters) + 2, kind, 1, FREE, FREE, child)
    return head + bytes(36) + struct.pack("<III", start, size, 0)
