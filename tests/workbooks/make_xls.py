"""Makes the XLS files beside this one anew, with the programs that they are named after.

Needs LibreOffice (soffice), gnumeric (ssconvert) and, for this Python, xlwt and openpyxl: `python make_xls.py`.
"""

import datetime
import subprocess
import tempfile
from pathlib import Path

import openpyxl
import xlwt

HERE = Path(__file__).parent
FORMULAS = ['A1&"1"', "100+1", 'IF(1=1,"","z")', "1-1", "1=2", "NA()"]


def by_xlwt() -> None:
    """A library that cannot calculate: no formula has a value."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Konta")
    sheet.write(0, 0, "Hasło")
    for column, formula in enumerate(FORMULAS):
        sheet.write(1, column, xlwt.Formula(formula.replace(",", ";")))
    sheet.write(2, 0, xlwt.Formula("RAND()"))
    sheet.write(2, 1, 500)
    book.save(HERE / "xlwt.xls")


def by_programs() -> None:
    """The same workbook as LibreOffice and gnumeric save it; both calculate."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Konta"
    sheet["A1"] = "Hasło"
    for column, formula in enumerate(FORMULAS, start=1):
        sheet.cell(2, column, f"={formula}")
    sheet["A3"] = "razem"
    sheet.merge_cells("A3:B4")
    sheet["C3"] = 2
    sheet["C3"].number_format = '0" GB"'
    sheet["C4"] = 512
    sheet["C4"].number_format = "#,##0"
    sheet["A5"] = "ukryty"
    sheet.row_dimensions[5].hidden = True
    sheet["B5"] = datetime.date(2026, 1, 15)
    sheet["C5"] = datetime.datetime(2026, 1, 15, 12, 30)
    sheet["D5"] = datetime.time(7, 5)
    hidden = book.create_sheet("Ukryty")
    hidden.sheet_state = "veryHidden"
    hidden["A1"] = "zażółć"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "libreoffice.xlsx"
        book.save(source)
        subprocess.run(["ssconvert", source, HERE / "gnumeric.xls"], check=True)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        kind = ["--headless", "--convert-to", "xls:MS Excel 97", "--outdir", HERE]
        subprocess.run(["soffice", profile, *kind, source], check=True)


by_xlwt()
by_programs()
