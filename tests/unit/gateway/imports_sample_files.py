"""A small stock list, as text and as a workbook."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

HEADER = ["VIN", "Make", "Model", "Condition", "Price"]
ROWS = [
    ["WA1GCCFS9JR009139", "Audi", "Q3 façade", "Used", "19250"],
    ["5YJ3E1EA7KF321382", "Tesla", "Model 3", "Used", "19875"],
]


def text_of(delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in [HEADER, *ROWS])


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> None:
    """Write the smallest workbook Excel opens, with inline strings."""

    def cell(value: object) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    sheet = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/'
            'vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
            "</Types>",
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Stock" sheetId="1" r:id="r1"/>'
            "</sheets></workbook>",
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}/worksheet" '
            'Target="worksheets/sheet1.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>',
        )


def sparse_workbook(path: Path, last: str) -> None:
    """Write a workbook of two cells, the first and one that may be far from it, such as ``XFD1048576``."""
    dense = path.with_suffix(".dense")
    workbook(dense, [["VIN"], ["x"]])
    row = last.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    with zipfile.ZipFile(dense) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            content = source.read(name).decode()
            if "sheet1" in name:
                content = content.replace("</row><row><c ", f'</row><row r="{row}"><c r="{last}" ')
            archive.writestr(name, content)
