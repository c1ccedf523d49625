"""Open a workbook with bounded memory: run as a process of its own, by path, on what a stranger sent.

A sheet is held as a rectangle from its first to its last filled cell, so one of two cells may ask for hundreds of
gigabytes, on which the reader ends its whole process. Exit 0 where a sheet that holds something fits, or none does;
``CANNOT_BE_OPENED`` where the workbook is no sound one; anything else for want of memory or time.
"""

import resource
import sys

from python_calamine import CalamineWorkbook

MEBIBYTE = 1 << 20
CANNOT_BE_OPENED = 3
NO_MEMORY = 4


def main(path: str, most_mebibytes: str, most_seconds: str) -> int:
    """Open the sheets of a workbook up to the first that holds anything; gives the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (int(most_mebibytes) * MEBIBYTE,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (int(most_seconds),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            sheets = (workbook.get_sheet_by_name(name) for name in workbook.sheet_names)
            any(sheet.height and sheet.width for sheet in sheets)
    except MemoryError:
        return NO_MEMORY
    except BaseException:  # noqa: BLE001  # a panic of the reader too: who asked opens it again, and says what is wrong
        return CANNOT_BE_OPENED
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
