"""The fields of a job: their names here and on the wire, and their defaults."""
import os
import shlex
from typing import Any, Dict, Iterable, List, Mapping, Tuple

#: Python's name → (name in a request, default). Those of `resources` come below.
REQUEST_FIELDS: Dict[str, Tuple[str, Any]] = {
    "name": ("name", ""),
    "workflow": ("workflow", "default"),
    "application": ("application", None),
    "args": ("args", ""),
    "command": ("command", None),
    "description": ("description", ""),
    "environment": ("environment", {}),
    "priority": ("priority", 0),
    "max_retries": ("maxRetries", 0),
    "wall_time_minutes": ("wallTimeMinutes", 1),
    "wait_for_parents": ("waitForParents", True),
    "input_files": ("inputFiles", []),
    "stage_in_url": ("stageInUrl", ""),
    "stage_out_url": ("stageOutUrl", ""),
    "stage_out_files": ("stageOutFiles", []),
    "preprocess": ("preprocess", None),
    "postprocess": ("postprocess", None),
    "post_error_handler": ("postErrorHandler", False),
    "post_timeout_handler": ("postTimeoutHandler", False),
    "auto_timeout_retry": ("autoTimeoutRetry", True),
    "retry_on": ("retryOn", None),
    "tags": ("tags", {}),
    "data": ("data", {}),
    "user_workdir": ("userWorkdir", ""),
}

RESOURCE_FIELDS: Dict[str, Tuple[str, Any]] = {
    "cpus": ("cpus", None),
    "node_packing_count": ("nodePackingCount", 1),
    "num_nodes": ("numNodes", 1),
    "ranks_per_node": ("ranksPerNode", 1),
    "threads_per_rank": ("threadsPerRank", 1),
    "threads_per_core": ("threadsPerCore", 1),
    "cpu_affinity": ("cpuAffinity", "none"),
    "gpus": ("gpus", 0),
    "memory_mib": ("memoryMiB", None),
    "coschedule_num_nodes": ("coscheduleNumNodes", 0),
}

#: What only the daemon says.
READ_FIELDS = ("id", "state", "attempts", "started_at", "ended_at", "return_code", "signal",
               "parents", "node", "working_directory")

#: What whole objects are made of: the request without loss, and what only the daemon knows.
OBJECT_COLUMNS = ("request", "node", "working_directory")

#: Fields that come without loss only with the request: lists of words are texts as columns.
REQUEST_ONLY = ("command", "input_files", "stage_out_files", "retry_on", "preprocess",
                "postprocess", "output")

#: Columns of lists (protocol/query.ts), beside those that every row has.
LIST_COLUMNS = (
    "priority", "description", "args", "command", "num_nodes", "ranks_per_node",
    "threads_per_rank", "threads_per_core", "cpu_affinity", "cpus", "gpus", "memory_mib",
    "coschedule_num_nodes", "node_packing_count", "wall_time_minutes", "max_retries",
    "wait_for_parents", "post_error_handler", "post_timeout_handler", "auto_timeout_retry",
    "input_files", "stage_in_url", "stage_out_url", "stage_out_files", "user_workdir",
    "environment", "parents", "tags", "data", "node", "working_directory",
)

#: Other names of the same things: Balsam 0.3's, Django's.
SYNONYMS = {"environ_vars": "environment", "job_id": "id", "pk": "id", "exit_code": "return_code",
            "memory": "memory_mib"}

_WORD_LISTS = ("input_files", "stage_out_files", "retry_on")


def default_of(name: str) -> Any:
    """A fresh default of a field that users set."""
    _, value = REQUEST_FIELDS.get(name) or RESOURCE_FIELDS[name]
    return type(value)(value) if isinstance(value, (dict, list)) else value


def taken(name: str, value: Any) -> Any:
    """A value as it is kept: Balsam 0.3's packed strings become lists and maps."""
    if name == "environment":
        return environment_of(value)
    if name in _WORD_LISTS and isinstance(value, str):
        return value.split()
    if name == "command" and isinstance(value, str):
        return shlex.split(value)
    if name == "application" and value is not None and not isinstance(value, str):
        return value.name
    if name in ("args",) and isinstance(value, (list, tuple)):
        return " ".join(shlex.quote(str(word)) for word in value)
    if name == "tags" and value is not None:
        return {str(key): str(each) for key, each in dict(value).items()}
    if name in ("data",) and value is None:
        return {}
    return value


def environment_of(value: Any) -> Dict[str, str]:
    """A map, or Balsam 0.3's `A=1:B=2`. A part without `=` belongs to the value before it."""
    if not value:
        return {}
    if isinstance(value, Mapping):
        return {str(key): str(each) for key, each in value.items()}
    found: Dict[str, str] = {}
    last = ""
    for part in str(value).split(":"):
        name, sign, text = part.partition("=")
        if sign and name.strip().isidentifier():
            last = name.strip()
            found[last] = text
        elif last:
            found[last] += f":{part}"
        else:
            raise ValueError(f"environ_vars: {part!r} is no NAME=VALUE")
    return found


def request_of(values: Mapping[str, Any], parents: Iterable[Any]) -> Dict[str, Any]:
    """A job request: what differs from the default."""
    request: Dict[str, Any] = {"name": values.get("name") or "job", "cwd": os.getcwd()}
    for name, (wire, default) in REQUEST_FIELDS.items():
        value = values.get(name, default)
        if value != default and value is not None and name != "name":
            request[wire] = value
    resources = resources_of(values)
    if resources:
        request["resources"] = resources
    edges: List[Any] = list(parents)
    if edges:
        request["parents"] = edges
    if values.get("output") is not None:
        request["output"] = values["output"]
    return request


def values_of(request: Mapping[str, Any]) -> Dict[str, Any]:
    """The fields of a job, from its request."""
    values = {name: request[wire] for name, (wire, _) in REQUEST_FIELDS.items() if wire in request}
    resources = request.get("resources") or {}
    values.update({name: resources[wire] for name, (wire, _) in RESOURCE_FIELDS.items()
                   if wire in resources})
    if request.get("output", {}).get("to", "workdir") != "workdir":
        values["output"] = request["output"]
    return values


def resources_of(values: Mapping[str, Any]) -> Dict[str, Any]:
    """The resources that differ from the default."""
    return {wire: values[name] for name, (wire, default) in RESOURCE_FIELDS.items()
            if name in values and values[name] != default}


def changes_of(names: Iterable[str], values: Mapping[str, Any]) -> Dict[str, Any]:
    """A modify's `changes` for these fields."""
    changes: Dict[str, Any] = {}
    for name in names:
        if name in RESOURCE_FIELDS:
            changes.setdefault("resources", {})[RESOURCE_FIELDS[name][0]] = values[name]
        elif name == "state":
            changes["state"] = values[name]
        else:
            value = values[name]
            changes[REQUEST_FIELDS[name][0]] = default_of(name) if value is None else value
    return changes
