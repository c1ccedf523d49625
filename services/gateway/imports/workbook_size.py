"""Open a workbook with bounded memory: run as a process of its own, by path, on what a stranger sent.

A sheet is held as a rectangle from its first to its last filled cell, so one of two cells may ask for hundreds of
gigabytes, on which the reader ends its whole process. Exit 0 where every sheet fits.
"""

import resource
import sys

from python_calamine import CalamineWorkbook

MEBIBYTE = 1 << 20


def main(path: str, most_mebibytes: str) -> None:
    """Open every sheet of a workbook that holds anything up to the first that does."""
    resource.setrlimit(resource.RLIMIT_AS, (int(most_mebibytes) * MEBIBYTE,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with CalamineWorkbook.from_path(path) as workbook:
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.height and sheet.width:
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
