"""Sends submissions: what gathers while one is under way makes the next one.

Must never send a request before its parents are accepted, or stand in the same submission.
"""
import json
import threading
from typing import Any, Callable, Dict, List, Tuple

from .errors import BalsamError, JobFailed

_BATCH_MAX = 2_000

Entry = Tuple[Any, Callable[[], Dict[str, Any]]]


class Outbox:
    """A thread that submits; started with the first submission."""

    def __init__(self, site: Any, ends: Any) -> None:
        self._site = site
        self._ends = ends
        self._changed = threading.Condition()
        self._waiting: Dict[Any, Callable[[], Dict[str, Any]]] = {}
        self._is_closed = False
        self._thread: Any = None

    def put(self, future: Any, request: Callable[[], Dict[str, Any]]) -> None:
        with self._changed:
            self._waiting[future] = request
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="balsam-outbox", daemon=True)
                self._thread.start()
            self._changed.notify()

    def futures(self) -> List[Any]:
        with self._changed:
            return list(self._waiting)

    def take_back(self, future: Any) -> bool:
        """True when it had not been sent: now it never will."""
        with self._changed:
            return self._waiting.pop(future, None) is not None

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(5)

    def _run(self) -> None:
        try:
            self._send_all()
        finally:
            self._site.session.close()

    def _send_all(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._is_closed:
                    self._changed.wait()
                if not self._waiting:
                    return
                batch, hopeless = self._batch()
                self._ends.expect(len(batch))
            for future, why in hopeless:
                future.set_exception(why)
            if batch:
                self._send(batch)
            # Not to hold a call's arguments until the next one comes.
            del batch, hopeless

    def _batch(self) -> Tuple[List[Entry], List[Tuple[Any, BaseException]]]:
        """The next ones to go, in order, whose parents have gone or go with them."""
        batch: List[Entry] = []
        hopeless: List[Tuple[Any, BaseException]] = []
        going = set()
        for future, request in list(self._waiting.items())[:_BATCH_MAX]:
            parents = [each for each in future.parents if hasattr(each, "is_balsam_future")]
            lost = [each for each in parents if each._id is None and each.done()]
            if lost:
                del self._waiting[future]
                hopeless.append((future, parent_failed(future, lost[0])))
                continue
            # An app's number is part of the payload: it must be known.
            if any(each._id is None and (each.is_app or each not in going) for each in parents):
                continue
            del self._waiting[future]
            going.add(future)
            batch.append((future, request))
        return batch, hopeless

    def _send(self, batch: List[Entry]) -> None:
        lines: List[str] = []
        going: List[Any] = []
        keys: Dict[Any, str] = {}
        for future, request in batch:
            try:
                document = request()
                parents = [keys[each] if each in keys else _number(each) for each in future.parents]
                if parents:
                    document["parents"] = parents
                key = f"k{len(going)}"
                if any(future in other.parents for other, _ in batch):
                    document["key"] = key
                lines.append(json.dumps(document, separators=(",", ":")))
                keys[future] = key
                going.append(future)
            except Exception as error:
                self._ends.expect(-1)
                future.set_exception(error)
        if going:
            self._submit(going, lines)

    def _submit(self, going: List[Any], lines: List[str]) -> None:
        try:
            receipt = self._site.session.submit(lines, None)
        except BaseException as error:  # noqa: BLE001: whoever waits for a future must hear of it
            self._ends.expect(-len(going))
            if isinstance(error, BalsamError) and len(going) > 1:
                # One bad request refuses all of them: each is tried by itself.
                for future, line in zip(going, lines):
                    self._ends.expect(1)
                    self._submit([future], [line])
                return
            for future in going:
                future.set_exception(error)
            return
        numbers = (each for first, last in receipt["ranges"] for each in range(first, last + 1))
        self._ends.accepted(list(zip(numbers, going)))


def parent_failed(future: Any, parent: Any) -> BaseException:
    """What a future raises whose parent gave nothing."""
    error = JobFailed(f"{future.name} did not run: {parent.name}, which it waits for, failed")
    if not parent.cancelled():
        error.__cause__ = parent.exception()
    return error


def _number(parent: Any) -> int:
    number = getattr(parent, "_id", None) or getattr(parent, "id", None) or parent
    if not isinstance(number, int):
        raise BalsamError(f"the parent {parent!r} is no job")
    return number
