"""What a run of the demo brought to light."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Result:
    """What a run brought to light; written as it is by ``--json``."""

    generated: bool
    title: str
    servers: dict[str, str]
    imports: list[dict[str, Any]] = field(default_factory=list)
    summary: list[dict[str, Any]] = field(default_factory=list)
    recommendations: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    memory_megabytes: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
