"""Pages as files: what is in them, and how CSV, XLSX and PDF are written. All of it runs in threads."""

from services.gateway.reports.csv_file import csv_header, csv_lines
from services.gateway.reports.desk import Busy, Desk
from services.gateway.reports.kinds import ADVICE, GAPS, INVENTORY, OUTCOMES, SUMMARY, Kind
from services.gateway.reports.pdf_file import pdf
from services.gateway.reports.table import Heading, Places
from services.gateway.reports.xlsx_file import Workbook

__all__ = [
    "ADVICE",
    "GAPS",
    "INVENTORY",
    "OUTCOMES",
    "SUMMARY",
    "Busy",
    "Desk",
    "Heading",
    "Kind",
    "Places",
    "Workbook",
    "csv_header",
    "csv_lines",
    "pdf",
]
