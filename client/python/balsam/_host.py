"""Who this machine is and whether a process on it lives. Never judges another host's process."""
import socket
from typing import Any, Dict, Optional


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").strip()


def start_time(pid: int) -> Optional[int]:
    """Clock ticks from boot to the process's start; None when it is dead, or a zombie."""
    stat = _read(f"/proc/{pid}/stat")
    # The name in parentheses may hold anything, so count from the last one.
    fields = stat[stat.rfind(")") + 2:].split(" ")
    if not stat or len(fields) < 20 or fields[0] in "ZX":
        return None
    return int(fields[19])


def is_this_host(record: Dict[str, Any]) -> bool:
    """Was this record made on this machine, in whichever boot?"""
    here = boot_id()
    return record.get("host") == socket.gethostname() or (
        bool(record.get("bootId")) and record.get("bootId") == here)


def is_alive(record: Dict[str, Any]) -> bool:
    """Does this process of this host live? False for an earlier boot."""
    here = boot_id()
    if record.get("bootId") and here and record["bootId"] != here:
        return False
    found = start_time(int(record["pid"]))
    return found is not None and record.get("startTime") in (0, None, found)
