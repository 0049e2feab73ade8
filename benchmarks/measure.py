"""Run a command and measure it from outside: wall time, CPU seconds of all its processes, first result, memory."""

import os
import resource
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Measured:
    """wall, cpu, first: seconds (first: until the file that was waited for was there); load: of the machine at the start"""

    wall: float
    cpu: float
    first: float | None
    load: float
    code: int
    said: str


def run(words, folder, environment=None, first=None, watch=None):
    """Run a command. first: a function that says whether the first result is there; watch: called often with the process's id."""
    load = os.getloadavg()[0]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began, seen = time.monotonic(), None
    with open(Path(folder, "said.txt"), "w+") as said:
        process = subprocess.Popen([str(word) for word in words], cwd=folder, env=environment, stdout=said, stderr=said)
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(watch, process.pid, done)) if watch else None
        if watcher:
            watcher.start()
        while first and process.poll() is None and seen is None:
            time.sleep(0.005)
            if first():
                seen = time.monotonic() - began
        code = process.wait()
        wall = time.monotonic() - began
        done.set()
        if watcher:
            watcher.join()
        said.seek(0)
        text = said.read()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(wall, cpu, seen, load, code, text)


def _watch(watch, process, done):
    while not done.wait(0.05):
        watch(process)


def descendants(process):
    """The numbers of all processes below this one, and of each its parent."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rpartition(")")[2].split()[1])
    found = {process: 0}
    while more := {child: parent for child, parent in parents.items() if parent in found and child not in found}:
        found |= more
    return found


def private_memory(process):
    """Bytes that a process has for itself: its private pages."""
    try:
        lines = Path("/proc", str(process), "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def resident_memory(process):
    """Bytes of a process that are in memory."""
    try:
        return int(Path("/proc", str(process), "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def spread(values):
    """Median and, in brackets, least and most."""
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    middle = statistics.median(values)
    return f"{middle:.3g} ({min(values):.3g}-{max(values):.3g})" if len(values) > 1 else f"{middle:.3g}"
