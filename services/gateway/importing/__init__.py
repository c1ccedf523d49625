"""Running imports: file to rows to events, as work that survives whatever interrupts it.

Start at `importer`; `attempts` has how often one is tried, `departures` what a snapshot lacks, `row_events` what a
row becomes.
"""

from services.gateway.importing.attempts import IMPORT_LEASE, IMPORT_QUEUE, of_the_disk
from services.gateway.importing.importer import Importer
from services.gateway.importing.retention import RejectionRetention, RejectionSettings

__all__ = ["IMPORT_LEASE", "IMPORT_QUEUE", "Importer", "RejectionRetention", "RejectionSettings", "of_the_disk"]
