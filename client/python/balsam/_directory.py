"""Sites as directories: which one is meant, who serves it, and how to start its daemon.

Must never start a daemon where a task runs, and never judge a daemon of another host by its pid.
"""
import json
import os
import re
import shutil
import subprocess
from typing import Any, Dict, List, Optional, Tuple

from . import _host
from .errors import BalsamError, DaemonUnreachable, SiteMissing

_SITE_FILE = "site.json"
_SERVER_FILE = "server.json"


def find(given: Optional[str], env: Optional[Dict[str, str]] = None) -> Tuple[str, str]:
    """(directory, why): an argument goes before BALSAM_SITE and BALSAM_DB_PATH, these before a site
    at or above the working directory, that before the default one."""
    env = dict(os.environ) if env is None else env
    if given:
        return _named(given), "argument"
    for variable in ("BALSAM_SITE", "BALSAM_DB_PATH"):
        if env.get(variable):
            return _named(env[variable]), variable
    directory = os.getcwd()
    while True:
        for candidate in (os.path.join(directory, ".balsam"), directory):
            if is_site(candidate):
                return os.path.realpath(candidate), "working directory"
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    state = env.get("XDG_STATE_HOME", "")
    home = env.get("HOME") or os.path.expanduser("~")
    base = state if state.startswith("/") else os.path.join(home, ".local/state")
    return os.path.join(base, "balsam", "default"), "default"


def _named(text: str) -> str:
    path = os.path.abspath(os.path.expanduser(text))
    if not is_site(path):
        raise SiteMissing(f"{path} is no site", "SITE_MISSING", "balsam init DIR")
    return os.path.realpath(path)


def _document(path: str) -> Dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def is_site(directory: str) -> bool:
    return bool(_document(os.path.join(directory, _SITE_FILE)).get("siteId"))


def site_id(directory: str) -> str:
    return str(_document(os.path.join(directory, _SITE_FILE)).get("siteId", ""))


def server(directory: str) -> Optional[Dict[str, Any]]:
    """The record of whoever serves the site; None when nobody says so. In a copy of a site the
    file speaks of the original's daemon, so it is not believed."""
    site = _document(os.path.join(directory, _SITE_FILE))
    found = _document(os.path.join(directory, _SERVER_FILE))
    if not found.get("socket") or not isinstance(found.get("pid"), int):
        return None
    if found.get("siteId") and found["siteId"] != site.get("siteId"):
        return None
    now = os.stat(directory)
    path = os.path.realpath(directory)
    is_copy = site.get("inode") != now.st_ino or (
        site.get("path") != path and site.get("device") != now.st_dev)
    return None if is_copy else found


def living_socket(directory: str) -> Optional[str]:
    """The socket of a daemon that lives on this host; None when none does. Raises when it is
    elsewhere."""
    found = server(directory)
    if found is None:
        return None
    if not _host.is_this_host(found):
        raise DaemonUnreachable(
            f"the site is served by process {found['pid']} on {found.get('host')}",
            "DAEMON_ELSEWHERE", "work there, or stop it there first")
    return str(found["socket"]) if _host.is_alive(found) else None


def why_no_start(env: Dict[str, str]) -> Optional[str]:
    """Why this environment forbids to start a daemon; None when it doesn't."""
    if env.get("BALSAM_NO_AUTOSTART") == "1":
        return "BALSAM_NO_AUTOSTART=1"
    if env.get("BALSAM_TASK_MARKER"):
        return "being inside a task"
    if env.get("BALSAM_ALLOCATION_MARKER"):
        return "being inside an allocation"
    return None


def start(directory: str) -> str:
    """Starts the daemon of a site (making the site where the default one is missing) and returns
    its socket."""
    bar = why_no_start(dict(os.environ))
    if bar is not None:
        raise DaemonUnreachable(f"no daemon serves {directory}, and {bar} forbids to start one",
                                "AUTOSTART_FORBIDDEN", "start it on a login node: balsamd start")
    done = run("balsamd", "start", directory)
    found = living_socket(directory)
    if found is None:
        raise DaemonUnreachable(f"balsamd start gave no daemon: {done}", "DAEMON_START_FAILED")
    return found


def run(program: str, *words: str) -> str:
    """Runs balsam or balsamd; raises what it said when it failed."""
    command = [*_program(program), *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if done.returncode != 0:
        raise BalsamError(f"{' '.join(command)} ended with {done.returncode}: "
                          f"{(done.stderr or done.stdout).strip()}", "DAEMON_START_FAILED")
    return done.stdout


def _program(name: str) -> List[str]:
    """BALSAM_BIN (a directory), else PATH, else the checkout that this package lies in."""
    here = os.path.dirname(os.path.realpath(__file__))
    places = [os.environ.get("BALSAM_BIN", ""), None, os.path.join(here, "../../../bin")]
    for place in places:
        if place == "":
            continue
        found = shutil.which(name, path=place)
        if found is not None:
            return [found]
    raise BalsamError(f"the program {name} was not found", "DAEMON_START_FAILED",
                      "put Balsam's bin directory on PATH, or name it in BALSAM_BIN")


def scheduler_of(directory: str) -> str:
    """The site's batch scheduler, by its settings."""
    try:
        with open(os.path.join(directory, "config.toml"), encoding="utf-8") as file:
            found = re.search(r'^\s*scheduler\s*=\s*["\'](\w+)["\']', file.read(), re.MULTILINE)
    except OSError:
        return "local"
    return found.group(1) if found else "local"
