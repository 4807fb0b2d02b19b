"""Calls to one site's daemon: HTTP/JSON over a Unix socket, connections kept per thread.

Safe to fork: a child opens its own connections. Must never repeat a call that may have had its
effect, unless repeating it is harmless.
"""
import atexit
import http.client
import json
import os
import socket
import threading
import time
import weakref
from typing import Any, Callable, Dict, Iterable, Iterator, Optional

from . import _directory
from .errors import BalsamError, DaemonUnreachable, from_document

_RETRIES_MAX = 8
_SILENCE_S = 120.0
_REST_S = 3.0
#: A daemon that somebody stopped while we talked to it is waited for so long: a restart, mostly.
_RETURN_S = 10.0


_sessions: "weakref.WeakSet[Session]" = weakref.WeakSet()


class _Connection(http.client.HTTPConnection):
    """One connection over a Unix socket."""

    def __init__(self, path: str, timeout: Optional[float]) -> None:
        super().__init__("balsamd", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.sock.settimeout(self.timeout)
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            self.sock = None
            raise


class _Broken(Exception):
    """The connection failed; `was_sent`: the daemon may have heard the call."""

    def __init__(self, why: BaseException, was_sent: bool) -> None:
        super().__init__(str(why) or type(why).__name__)
        self.was_sent = was_sent


class Session:
    """The daemon of one site, as callers see it. Threads may share it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._local = threading.local()
        self._socket: Optional[str] = None
        self._was_served = False
        _sessions.add(self)

    # -- calls

    def get(self, path: str, timeout: Optional[float] = _SILENCE_S) -> Any:
        return self.call("GET", path, is_repeatable=True, timeout=timeout)

    def post(self, path: str, body: Dict[str, Any], is_repeatable: bool = False) -> Any:
        return self.call("POST", path, body, is_repeatable=is_repeatable, timeout=None)

    def call(self, method: str, path: str, body: Optional[Dict[str, Any]] = None, *,
             is_repeatable: bool = False, timeout: Optional[float] = _SILENCE_S) -> Any:
        """The document that the daemon answers with. Raises BalsamError."""
        headers = {"content-type": "application/json"} if body is not None else {}
        data = json.dumps(body).encode() if body is not None else None

        def once() -> Any:
            answer = self._send(method, path, data, headers, timeout)
            return _document(answer.read())

        return self._repeat(once, is_repeatable)

    def submit(self, lines: Iterable[str], key: Optional[str]) -> Dict[str, Any]:
        """Streams requests, each a line of JSON. A list is sent again when the connection breaks:
        its key keeps a job from being made twice."""
        is_repeatable = isinstance(lines, list)
        used = key or (os.urandom(16).hex() if is_repeatable else None)
        headers = {"content-type": "application/x-ndjson"}
        if used is not None:
            headers["idempotency-key"] = used

        def once() -> Any:
            answer = self._send("POST", "/v1/submissions", _chunks(lines), headers, None)
            return _document(answer.read())

        return self._repeat(once, is_repeatable)

    def stream(self, method: str, path: str, body: Optional[Dict[str, Any]] = None,
               timeout: Optional[float] = None,
               opened: Optional[Callable[[Callable[[], None]], None]] = None) -> Iterator[Any]:
        """The documents of an NDJSON answer, on a connection of their own. Not repeated. `opened`
        is told when the answer begins, and how to end it from another thread."""
        headers = self._headers({"content-type": "application/json"} if body is not None else {})
        data = json.dumps(body).encode() if body is not None else None
        connection = _Connection(self._find(), timeout)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            if answer.status >= 400:
                raise _fault(answer.read(), answer.status)
            if opened is not None:
                opened(lambda: _end(connection))
            for line in answer:
                if line.strip():
                    yield _document(line)
        except (OSError, http.client.HTTPException) as error:
            self._socket = None
            raise DaemonUnreachable(f"the stream of {path} ended: {error!r}",
                                    "DAEMON_UNREACHABLE") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Closes this thread's connection."""
        held = getattr(self._local, "held", None)
        if held is not None and held[0] == os.getpid():
            held[2].close()
        self._local.held = None

    # -- the way there

    def _send(self, method: str, path: str, data: Any, headers: Dict[str, str],
              timeout: Optional[float]) -> http.client.HTTPResponse:
        connection = self._connection()
        was_sent = False
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            else:
                connection.connect()
            was_sent = True
            connection.request(method, path, data, self._headers(headers),
                               encode_chunked=data is not None and not isinstance(data, bytes))
            answer = connection.getresponse()
            # The rest is read by the caller; a fault is its whole content.
            if answer.status >= 400:
                raise _fault(answer.read(), answer.status)
            self._was_served = True
            return answer
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _Broken(error, was_sent) from error

    def _headers(self, headers: Dict[str, str]) -> Dict[str, str]:
        token = os.environ.get("BALSAM_TASK_TOKEN", "")
        if token and self._is_task():
            headers = {**headers, "authorization": f"Bearer {token}"}
        return headers

    def _is_task(self) -> bool:
        """Are we in a task of this very site? Its token is nobody else's business."""
        marker = os.environ.get("BALSAM_TASK_MARKER", "").split(":")[0]
        return bool(os.environ.get("BALSAM_SOCKET")) and marker != "" and (
            marker == _directory.site_id(self.directory))

    def _connection(self) -> _Connection:
        held = getattr(self._local, "held", None)
        path = self._find()
        now = time.monotonic()
        if held is not None and held[0] == os.getpid():
            # The daemon closes what rests for 5 s, maybe at the very moment of our next call.
            if held[1] == path and now - held[3] < _REST_S:
                self._local.held = (*held[:3], now)
                return held[2]
            held[2].close()
        # Of a parent process, the connection stays open there: nothing of it is touched.
        connection = _Connection(path, _SILENCE_S)
        self._local.held = (os.getpid(), path, connection, now)
        return connection

    def _find(self) -> str:
        if self._socket is None:
            self._socket = self._look()
        return self._socket

    def _look(self) -> str:
        is_task = self._is_task()
        try:
            found = _directory.living_socket(self.directory)
        except DaemonUnreachable:
            if not is_task:
                raise
            found = None
        if found is not None:
            return found
        if is_task:
            return os.environ["BALSAM_SOCKET"]
        if self._was_served:
            deadline = time.monotonic() + _RETURN_S
            while time.monotonic() < deadline:
                if _directory.server(self.directory) is not None:
                    break
                time.sleep(0.02)
            else:
                raise DaemonUnreachable(f"the daemon of {self.directory} was stopped",
                                        "DAEMON_UNREACHABLE", "balsamd start")
            found = _directory.living_socket(self.directory)
            if found is not None:
                return found
        return _directory.start(self.directory)

    def _repeat(self, once: Any, is_repeatable: bool) -> Any:
        attempt = 0
        while True:
            try:
                return once()
            except _Broken as broken:
                self._socket = None
                if attempt >= _RETRIES_MAX or (broken.was_sent and not is_repeatable):
                    unknown = "; whether it was done is not known" if broken.was_sent else ""
                    raise DaemonUnreachable(
                        f"the daemon of {self.directory} did not answer: {broken}{unknown}",
                        "DAEMON_UNREACHABLE", "balsamd status") from broken
            except BalsamError as error:
                # A daemon that is stopping took nothing.
                is_away = error.code == "DRAINING" or (
                    error.code == "DAEMON_UNREACHABLE" and is_repeatable and self._is_task())
                if not is_away or attempt >= _RETRIES_MAX:
                    raise
                self._socket = None
            attempt += 1
            time.sleep(min(1.0, 0.02 * 2 ** attempt))


@atexit.register
def _close_all() -> None:
    """This thread's connections; those of others end with them."""
    for session in list(_sessions):
        session.close()


def _end(connection: _Connection) -> None:
    """Wakes whoever reads from it."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def _chunks(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines in pieces of some kilobytes: each piece is a write."""
    waiting = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line) + 1
        if size > 65536:
            yield ("\n".join(waiting) + "\n").encode()
            waiting, size = [], 0
    if waiting:
        yield ("\n".join(waiting) + "\n").encode()


def _document(content: bytes) -> Any:
    try:
        value = json.loads(content)
    except ValueError as error:
        raise http.client.HTTPException(f"the answer is no JSON: {content[:100]!r}") from error
    if isinstance(value, dict) and isinstance(value.get("error"), dict):
        raise from_document(value)
    return value


def _fault(content: bytes, status: int) -> BalsamError:
    try:
        document = json.loads(content)
    except ValueError:
        document = content.decode("utf-8", "replace")
    return from_document(document, status)
