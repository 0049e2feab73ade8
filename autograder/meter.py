"""CPU time and memory of a box, measured from outside: nothing that runs in it is asked.

All processes of a box descend from its first one (orphans come back to it), so a walk down from there finds them.
"""

from __future__ import annotations

import os
import time


class Meter:
    """Watches the processes that descend from one."""

    def __init__(self, process: int) -> None:
        self.process = process
        self._seen: dict[int, float] = {}  # CPU seconds of processes when last seen
        self.baseline = _status(process).get("VmRSS", 0)  # what came with the fork
        self.last_cpu = 0.0
        self._tick = os.sysconf("SC_CLK_TCK")
        self.threads = 1

    def cpu_of_first(self) -> float:
        """CPU seconds of the first process alone; quick. 0 when it is gone."""
        try:
            return time.clock_gettime((~self.process << 3) | 2)  # the kernel's name for the CPU clock of a process
        except OSError:
            return 0.0

    def cpu(self) -> float:
        """CPU seconds of all processes so far; those that have ended count as far as they were seen or waited for."""
        others, waited = 0.0, 0.0
        for process in self.processes():
            fields = _stat(process)
            if not fields:
                continue
            own = (int(fields[11]) + int(fields[12])) / self._tick
            waited += (int(fields[13]) + int(fields[14])) / self._tick
            if process != self.process:
                self._seen[process] = own
                others += own
        self.last_cpu = max(self.last_cpu, self.cpu_of_first() + max(others + waited, sum(self._seen.values())))
        return self.last_cpu

    def processes(self) -> list[int]:
        """The process numbers, the first one in front; counts threads on the way."""
        found, threads = [self.process], 0
        for process in found:
            try:
                tasks = os.listdir(f"/proc/{process}/task")
            except OSError:
                continue
            threads += len(tasks)
            for task in tasks:
                found += [child for child in _children(process, task) if child not in found]
        self.threads = threads
        return found

    def asleep(self) -> bool:
        """Whether no thread of any process is at work, or ready for it, or waits for a disk."""
        for process in self.processes():
            try:
                tasks = os.listdir(f"/proc/{process}/task")
            except OSError:
                continue
            if any(_stat(f"{process}/task/{task}")[:1] in (["R"], ["D"]) for task in tasks):
                return False
        return True

    def memory(self) -> tuple[int, int]:
        """Bytes of all processes now: with their share of what they have in common with the zygote, and without."""
        proportional = private = 0
        for process in self.processes():
            sizes = _rollup(process)
            if sizes:
                proportional += sizes.get("Pss", 0) + sizes.get("SwapPss", 0)
                private += sizes.get("Private_Clean", 0) + sizes.get("Private_Dirty", 0) + sizes.get("SwapPss", 0)
            else:  # unreadable, but its status never is; this counts too much rather than too little
                anonymous = _status(process).get("RssAnon", 0)
                proportional += anonymous
                private += anonymous
        return proportional, private

    def growth(self) -> int:
        """Bytes that all processes have in memory now, more than came with the fork of the first; quick.

        What a process shares counts in full in each, so what they use together is at most this.
        """
        return sum(_status(process).get("VmRSS", 0) for process in self.processes()) - self.baseline

    def peak_of_first(self) -> int:
        """By how many bytes the first process has grown at most since it was forked; quick."""
        return max(0, _status(self.process).get("VmHWM", 0) - self.baseline)


def _stat(process: int | str) -> list[str]:
    """The fields of /proc/N/stat behind the command's name, which may hold anything."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []


def _children(process: int, task: str) -> list[int]:
    try:
        with open(f"/proc/{process}/task/{task}/children") as file:
            return [int(number) for number in file.read().split()]
    except OSError:
        return []


def _status(process: int) -> dict[str, int]:
    return _sizes(f"/proc/{process}/status")


def _rollup(process: int) -> dict[str, int]:
    return _sizes(f"/proc/{process}/smaps_rollup")


def _sizes(path: str) -> dict[str, int]:
    """The lines that give a size in kB, in bytes; empty when it can't be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return {}
    return {line[0][:-1]: int(line[1]) * 1024 for line in lines if len(line) == 3 and line[2] == "kB"}
