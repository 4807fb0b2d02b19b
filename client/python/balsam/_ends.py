"""Hears which jobs have ended, and gives their futures what they gave.

By the daemon's events; where events were missed (a gap, a daemon that restarted) it looks itself.
Must never resolve a future before its job's end is durable, and never twice.
"""
import os
import threading
import time
from typing import Any, Dict, Iterable, List, Optional, Tuple

from . import worker
from .errors import BalsamError, JobFailed

_END_STATES = ("JOB_FINISHED", "FAILED", "USER_KILLED")
#: How often it looks where the daemon has no events.
_LOOK_S = 0.05
_RANGES_MAX = 200


class Ends:
    """Futures by the numbers of their jobs, and a thread that listens."""

    def __init__(self, site: Any, workflow: str) -> None:
        self._site = site
        self._workflow = workflow
        self._lock = threading.Lock()
        self._open: Dict[int, Any] = {}
        #: Ends of jobs whose numbers we have not been told yet, while a submission is under way.
        self._early: Dict[int, str] = {}
        self._expected = 0
        self._is_closed = False
        self._thread: Optional[threading.Thread] = None
        self._listening = threading.Event()
        self._end_stream: Any = None

    def futures(self) -> List[Any]:
        with self._lock:
            return list(self._open.values())

    def expect(self, count: int) -> None:
        """So many jobs are about to be submitted: their ends may be heard before their numbers."""
        if count > 0 and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="balsam-ends", daemon=True)
            self._thread.start()
            # Nothing is missed when it listens before anything is there to be heard.
            self._listening.wait(10)
        with self._lock:
            self._expected += count
            if self._expected == 0:
                self._early.clear()

    def accepted(self, found: List[Tuple[int, Any]]) -> None:
        """The numbers of submitted jobs."""
        ended = []
        with self._lock:
            for number, future in found:
                future._accepted(number)
                state = self._early.pop(number, None)
                self._open[number] = future
                if state is not None:
                    ended.append((number, state))
            self._expected -= len(found)
            if self._expected == 0:
                self._early.clear()
        for number, state in ended:
            self._changed(number, state)

    def forget(self, future: Any) -> None:
        with self._lock:
            if future._id is not None:
                self._open.pop(future._id, None)

    def close(self) -> None:
        self._is_closed = True
        if self._end_stream is not None:
            self._end_stream()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    # -- hearing

    def _run(self) -> None:
        try:
            self._hear()
        finally:
            self._site.session.close()

    def _hear(self) -> None:
        has_events = True
        while not self._is_closed:
            try:
                if has_events:
                    self._listen()
                else:
                    self._look()
                    time.sleep(_LOOK_S)
            except BalsamError as error:
                if error.code == "CALL_UNKNOWN":
                    has_events = False
                    self._listening.set()
                elif not self._is_closed:
                    time.sleep(0.2)

    def _listen(self) -> None:
        stream = self._site.session.stream("GET", "/v1/events", opened=self._opened)
        try:
            for event in stream:
                if self._is_closed:
                    return
                if event.get("is_gap"):
                    self._look()
                elif event.get("workflow") == self._workflow and event.get("first"):
                    self._happened(event)
        finally:
            stream.close()

    def _opened(self, end: Any) -> None:
        self._end_stream = end
        self._listening.set()
        if self._is_closed:
            end()
        # What ended while nobody listened.
        self._look()

    def _happened(self, event: Dict[str, Any]) -> None:
        state = event["to"]
        if state != "RUNNING" and state not in _END_STATES:
            return
        with self._lock:
            first, last = event["first"], event["last"]
            if last - first > len(self._open) + self._expected:
                known = [each for each in self._open if first <= each <= last]
            else:
                known = [each for each in range(first, last + 1) if each in self._open]
            if self._expected > 0 and state in _END_STATES:
                for number in range(first, last + 1):
                    if number not in self._open:
                        self._early[number] = state
        for number in known:
            self._changed(number, state)

    def _look(self) -> None:
        """Asks after all open jobs."""
        with self._lock:
            numbers = sorted(self._open)
        for ids in _ranges(numbers):
            after: Optional[int] = 0
            while after is not None:
                path = (f"/v1/jobs?ids={ids}&state={','.join((*_END_STATES, 'RUNNING'))}"
                        f"&after={after}&limit=1000")
                page = self._site.session.get(path)
                for item in page["items"]:
                    self._changed(item["id"], item["state"])
                after = page.get("next")

    def _changed(self, number: int, state: str) -> None:
        with self._lock:
            future = self._open.get(number)
            if future is None:
                return
            if state in _END_STATES:
                del self._open[number]
        if state == "RUNNING":
            if not future.running() and not future.done():
                future.set_running_or_notify_cancel()
            return
        self._resolve(future, state)

    # -- results

    def _resolve(self, future: Any, state: str) -> None:
        if future.done():
            return
        if not future.running() and not future.set_running_or_notify_cancel():
            return
        try:
            value = self._value_of(future, state)
        except BaseException as error:  # noqa: BLE001: whatever the function raised
            future.set_exception(error)
        else:
            future.set_result(value)
        future._executor._drop_if_free(future)

    def _value_of(self, future: Any, state: str) -> Any:
        if future.is_app:
            if state == "JOB_FINISHED":
                return future.job
            raise self._failure(future, state)
        # Nothing there: it died, or never ran.
        if not os.path.exists(future.result_file):
            raise self._failure(future, state)
        value = worker.read_result(future.result_file)
        if state != "JOB_FINISHED":
            raise self._failure(future, state)
        return value

    def _failure(self, future: Any, state: str) -> BaseException:
        from ._outbox import parent_failed

        for parent in future.parents:
            if hasattr(parent, "is_balsam_future") and parent.done() and (
                    parent.cancelled() or parent.exception() is not None):
                return parent_failed(future, parent)
        job = self._site.session.get(f"/v1/jobs/{future._id}")
        said = _text(f"{future.result_file}.log") or _text(job.get("output_file"))
        last = job["history"][-1]["message"] if job.get("history") else ""
        how = last or f"exit code {job.get('return_code')}, signal {job.get('signal')}"
        return JobFailed.of(future.name, future._id, state, how, said,
                            job.get("return_code"), job.get("signal"))

    def put_back(self, future: Any) -> None:
        """Writes the result of an ended future anew, for a call that takes it as argument."""
        worker.write_result(future.result_file, b"R" + worker.dumps(future.result()))

    def drop_file(self, future: Any) -> None:
        paths = [future.result_file]
        if future.done() and (future.cancelled() or future.exception() is not None):
            paths.append(f"{future.result_file}.log")
        if future.arguments_file is not None:
            paths.append(future.arguments_file)
        for path in paths:
            try:
                os.unlink(path)
            except OSError:
                pass


def _text(path: Optional[str]) -> str:
    try:
        with open(path or "", "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _ranges(numbers: Iterable[int]) -> List[str]:
    """`7,100-200` in pieces that fit a request."""
    spans: List[List[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [f"{first}-{last}" if last > first else str(first) for first, last in spans]
    return [",".join(words[at:at + _RANGES_MAX]) for at in range(0, len(words), _RANGES_MAX)]
