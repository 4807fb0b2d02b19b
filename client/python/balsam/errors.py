"""Everything that balsam raises. A fault of the daemon keeps its code; see docs/reference/faults."""
from typing import Any, Dict, Optional


class BalsamError(Exception):
    """Any error of balsam. `code` is a word of the fault catalogue, or ''."""

    def __init__(self, message: str, code: str = "", advice: str = "",
                 facts: Optional[Dict[str, Any]] = None) -> None:
        super().__init__(f"{message}\n  {advice}" if advice else message)
        self.code = code
        self.advice = advice
        self.facts = facts or {}

    def __reduce__(self) -> Any:
        return (_again, (type(self), str(self), self.code, self.facts))


def _again(kind: type, text: str, code: str, facts: Dict[str, Any]) -> BaseException:
    error = kind.__new__(kind)
    Exception.__init__(error, text)
    error.code, error.advice, error.facts = code, "", facts
    return error


class DaemonUnreachable(BalsamError):
    """No daemon serves the site, or it did not answer."""


class SiteMissing(BalsamError):
    """What was named is no site."""


class ObjectDoesNotExist(BalsamError):
    """`get` matched nothing."""


class MultipleObjectsReturned(BalsamError):
    """`get` matched more than one."""


class JobFailed(BalsamError):
    """A job that ended as FAILED or USER_KILLED. Fields: job_id, state, exit_code, signal."""

    job_id: int = 0
    state: str = ""
    exit_code: Optional[int] = None
    signal: Optional[int] = None
    stderr: str = ""

    @classmethod
    def of(cls, name: str, job_id: int, state: str, how: str, stderr: str = "",
           exit_code: Optional[int] = None, signal: Optional[int] = None) -> "JobFailed":
        tail = f"\n--- the end of its output ---\n{stderr.rstrip()}" if stderr.strip() else ""
        error = cls(f"job {job_id} ({name}) ended as {state}: {how}{tail}", "JOB_FAILED",
                    f"balsam show {job_id}", {"job_id": job_id, "state": state})
        error.job_id, error.state = job_id, state
        error.exit_code, error.signal, error.stderr = exit_code, signal, stderr
        return error


def from_document(document: Any, status: int = 400) -> BalsamError:
    """The error of a fault document `{error: {code, message, advice, facts}}`."""
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return BalsamError(f"HTTP status {status}: {str(document)[:200]}", "BAD_REQUEST")
    code = str(error.get("code", ""))
    kind = {"DAEMON_UNREACHABLE": DaemonUnreachable, "SITE_MISSING": SiteMissing,
            "JOB_UNKNOWN": ObjectDoesNotExist}.get(code, BalsamError)
    return kind(str(error.get("message", code)), code, str(error.get("advice", "")),
                error.get("facts") if isinstance(error.get("facts"), dict) else {})
