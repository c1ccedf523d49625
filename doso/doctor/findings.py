"""What a check says: how it stands, what was found, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a check ended; only FAIL is unsafe."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    check: str
    status: Status
    found: str
    advice: str = ""


def ok(check: str, found: str) -> Finding:
    """Say that all is well."""
    return Finding(check, Status.OK, found)


def warn(check: str, found: str, advice: str) -> Finding:
    """Say that something is to be looked at."""
    return Finding(check, Status.WARN, found, advice)


def unsafe(check: str, found: str, advice: str) -> Finding:
    """Say that something is unsafe."""
    return Finding(check, Status.FAIL, found, advice)


def judged(check: str, problems: list[str], *, well: str, advice: str) -> list[Finding]:
    """Make a finding of each problem, or one of there being none."""
    return [unsafe(check, problem, advice) for problem in problems] or [ok(check, well)]
