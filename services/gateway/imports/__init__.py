"""Imports: any dealer's or market's file in, typed and checked rows out; no database, no network.

Start at `read_import`; `rows` has what comes out, `errors` why a whole file may be refused.
"""

from services.gateway.imports.columns import Mapping, OdometerUnit, columns_named
from services.gateway.imports.errors import (
    DamagedFileError,
    EmptyFileError,
    FileTooLargeError,
    ImportFileError,
    MissingHeaderError,
    NotATableError,
    UnknownColumnError,
    UnrecognisedColumnsError,
)
from services.gateway.imports.fields import FIELDS, ImportKind
from services.gateway.imports.importing import ImportCounts, ImportReading, read_import
from services.gateway.imports.naming import How, plain_name
from services.gateway.imports.rejected import RejectedCsv, Rejection
from services.gateway.imports.rows import (
    ImportedRow,
    InventoryRow,
    ListingRow,
    RejectedRow,
    RowProblem,
    SaleRow,
)
from services.gateway.imports.table import FileDescription, FileFormat
from services.gateway.imports.warnings import WarningCount, WarningKind

__all__ = [
    "FIELDS",
    "DamagedFileError",
    "EmptyFileError",
    "FileDescription",
    "FileFormat",
    "FileTooLargeError",
    "How",
    "ImportCounts",
    "ImportFileError",
    "ImportKind",
    "ImportReading",
    "ImportedRow",
    "InventoryRow",
    "ListingRow",
    "Mapping",
    "MissingHeaderError",
    "NotATableError",
    "OdometerUnit",
    "RejectedCsv",
    "RejectedRow",
    "Rejection",
    "RowProblem",
    "SaleRow",
    "UnknownColumnError",
    "UnrecognisedColumnsError",
    "WarningCount",
    "WarningKind",
    "columns_named",
    "plain_name",
    "read_import",
]
