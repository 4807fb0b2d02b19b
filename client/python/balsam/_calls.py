"""How a function and its arguments travel to a worker: by import path or pickled, in files or inline.

Counterpart of worker.py. Must never pickle a future's value: a future among the arguments stands
for the result file of a job that then is a parent.
"""
import base64
import hashlib
import io
import json
import os
import pickle
import re
import sys
from typing import Any, Callable, Dict, List, Optional, Tuple

_UNNAMEABLE = re.compile(r"[^A-Za-z0-9._+@=-]")

#: A payload beyond this goes by a file: protocol's limits.pythonPayloadLengthMax, less some air.
INLINE_MAX = 48 * 1024
PROTOCOL = 5

try:
    import cloudpickle  # type: ignore[import-not-found,import-untyped]
except ImportError:
    cloudpickle = None


class Call:
    """One call, ready to travel."""

    def __init__(self, name: str, payload: Dict[str, Any], parents: List[Any]) -> None:
        self.name = name
        self.payload = payload
        #: Futures among the arguments.
        self.parents = parents


def write_context(directory: str, initializer: Optional[Callable[..., Any]],
                  initargs: Tuple[Any, ...]) -> None:
    """What all calls of an executor share: where modules are found, and the client's own script."""
    main = sys.modules.get("__main__")
    if main is not None:
        # As multiprocessing: what a worker made of the client's script comes back under this name.
        sys.modules.setdefault("__mp_main__", main)
    spec = getattr(main, "__spec__", None)
    path = getattr(main, "__file__", None)
    facts: Dict[str, Any] = {
        "path": [os.path.abspath(each or os.getcwd()) for each in sys.path],
        "main_name": spec.name if spec is not None and not spec.name.endswith("__main__") else None,
        "main_path": os.path.abspath(path) if path else None,
    }
    if initializer is not None:
        content, needs_main, _ = _pickled((initializer, initargs))
        with open(os.path.join(directory, "initializer"), "wb") as file:
            file.write(content)
        facts["initializer"] = "initializer"
        facts["initializer_main"] = needs_main
    with open(os.path.join(directory, "context.json"), "w", encoding="utf-8") as file:
        json.dump(facts, file)


def make_call(directory: str, function: Callable[..., Any], args: Tuple[Any, ...],
              kwargs: Dict[str, Any], key: str) -> Call:
    """Packs a call; large parts are written into the directory. Raises what pickle raises."""
    payload: Dict[str, Any] = {}
    parents: List[Any] = []
    path = import_path(function)
    if path is not None:
        payload["function"] = path
        needs_main = path.startswith("__main__:")
    else:
        content, needs_main, parents = _pickled(function)
        payload["function"] = f"fn-{hashlib.sha256(content).hexdigest()[:32]}"
        _write_once(os.path.join(directory, payload["function"]), content)
    if args or kwargs:
        content, args_need_main, found = _pickled((args, kwargs))
        needs_main = needs_main or args_need_main
        parents = parents + found
        if len(content) * 4 // 3 > INLINE_MAX:
            payload["argumentsFile"] = f"{key}.args"
            _write_once(os.path.join(directory, payload["argumentsFile"]), content)
        else:
            payload["arguments"] = base64.b64encode(content).decode()
    if needs_main:
        payload["main"] = True
    return Call(name_of(function), payload, parents)


def import_path(function: Any) -> Optional[str]:
    """`module:qualified.name` where importing it gives this very function; None otherwise."""
    module = getattr(function, "__module__", None)
    path = getattr(function, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(path, str) or "<" in path:
        return None
    main = sys.modules.get("__main__")
    if module == "__main__" and (cloudpickle is not None or not hasattr(main, "__file__")):
        return None
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return f"{module}:{path}" if getattr(found, "__balsam_function__", found) is function else None


def name_of(function: Any) -> str:
    """A job's name for a call of this function."""
    inner = getattr(function, "func", function)
    name = getattr(inner, "__qualname__", None) or type(function).__name__
    name = name.split(".")[-1]
    return _UNNAMEABLE.sub("_", name)[:100] or "call"


class _Futures:
    """Names futures instead of pickling them, and remembers which it met."""

    def __init__(self) -> None:
        self.met: List[Any] = []

    def name(self, value: Any) -> Any:
        if not getattr(type(value), "is_balsam_future", False):
            return None
        if not any(each is value for each in self.met):
            self.met.append(value)
        return ("job", value.key) if value.is_app else ("future", value.result_file)


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, futures: _Futures) -> None:
        super().__init__(file, protocol=PROTOCOL)
        self._futures = futures

    def persistent_id(self, obj: Any) -> Any:
        return self._futures.name(obj)


def _pickled(value: Any) -> Tuple[bytes, bool, List[Any]]:
    """(bytes, do they name something of the client's own script?, futures met)"""
    futures = _Futures()
    file = io.BytesIO()
    try:
        _Pickler(file, futures).dump(value)
        content = file.getvalue()
        is_plain = cloudpickle is None or b"__main__" not in content
    except Exception:
        if cloudpickle is None:
            raise
        is_plain = False
    if not is_plain:
        # By value: the worker need not run the client's script.
        futures = _Futures()
        file = io.BytesIO()
        pickler = cloudpickle.Pickler(file, protocol=PROTOCOL)
        pickler.persistent_id = futures.name
        pickler.dump(value)
        content = file.getvalue()
    return content, is_plain and b"__main__" in content, futures.met


def _write_once(path: str, content: bytes) -> None:
    if os.path.exists(path):
        return
    aside = f"{path}.{os.getpid()}"
    with open(aside, "wb") as file:
        file.write(content)
    os.rename(aside, path)
