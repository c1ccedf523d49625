"""How much memory the system takes."""

import os

import psutil


def resident_megabytes(servers: dict[str, int]) -> dict[str, float]:
    """Measure proportional memory (shared pages counted once) of this process, its workers and its servers, in MB."""
    here = psutil.Process(os.getpid())
    roots = {pid: name for name, pid in servers.items() if pid}
    sizes: dict[str, float] = {"services": _size(here)}
    seen = {here.pid}
    for name, process in _family(here, roots):
        if process.pid not in seen:
            seen.add(process.pid)
            sizes[name] = sizes.get(name, 0.0) + _size(process)
    sizes["total"] = sum(sizes.values())
    return {name: round(size, 1) for name, size in sizes.items()}


def _family(here: psutil.Process, roots: dict[int, str]) -> list[tuple[str, psutil.Process]]:
    family = []
    for pid, name in roots.items():
        try:
            root = psutil.Process(pid)
            family += [(name, process) for process in (root, *root.children(recursive=True))]
        except psutil.NoSuchProcess:
            continue
    return family + [("workers", process) for process in here.children(recursive=True)]


def _size(process: psutil.Process) -> float:
    try:
        info = process.memory_full_info()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0.0
    return float(getattr(info, "pss", info.rss)) / 1e6
