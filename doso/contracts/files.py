"""Which contract files there are, what the code wants in each, and what is committed."""

import difflib
import json
from pathlib import Path
from typing import Any

from doso.contracts import migrations
from doso.contracts.asyncapi import SERVICES, asyncapi_document
from doso.contracts.compatibility import breaking_changes
from shared.events import TOPICS, Topic

ROOT = Path(__file__).parent.parent.parent
GOLDEN = Path("tests/contract/golden")
ASYNCAPI = Path("docs/asyncapi")
MIGRATIONS = GOLDEN / "migrations.json"


def golden_path(topic: Topic[Any]) -> Path:
    """Give the golden schema file of a topic, relative to the repository's root."""
    return GOLDEN / f"{topic.name}.{topic.event_type.rpartition('.')[2]}.json"


def wanted() -> dict[Path, str]:
    """Give the text that the code wants in every contract file, by path relative to the repository's root."""
    golden = {golden_path(topic): topic.model.model_json_schema() for topic in TOPICS.values()}
    described = {ASYNCAPI / f"{service}.json": asyncapi_document(service) for service in SERVICES}
    migrated = {MIGRATIONS: migrations.digests()}
    return {path: json.dumps(content, indent=2) + "\n" for path, content in (golden | described | migrated).items()}


def committed(path: Path) -> str:
    """Read a contract file; empty where there is none yet."""
    return (ROOT / path).read_text("utf-8") if (ROOT / path).exists() else ""


def strays() -> list[Path]:
    """List the contract files that belong to no topic or service."""
    known = wanted()
    found = (path.relative_to(ROOT) for folder in (GOLDEN, ASYNCAPI) for path in (ROOT / folder).glob("*.json"))
    return sorted(path for path in found if path not in known)


def difference(path: Path, text: str) -> str:
    """Give the unified diff from a committed file to ``text``; empty where they are equal."""
    lines = difflib.unified_diff(
        committed(path).splitlines(), text.splitlines(), f"{path} (committed)", f"{path} (code)", lineterm=""
    )
    return "\n".join(lines)


def breaks() -> list[str]:
    """Name every breaking change against the committed files: of the events' models, and of released migrations."""
    edited = migrations.changed(committed(MIGRATIONS)) if migrations.released() else []
    return edited + [
        f"{golden_path(topic).stem}: {change}"
        for topic in TOPICS.values()
        if (golden := committed(golden_path(topic)))
        for change in breaking_changes(json.loads(golden), topic.model.model_json_schema())
    ]
