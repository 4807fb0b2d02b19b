"""The warm worker: serves Python calls, one line on its standard input after another.

A launcher's spawner starts it with a pipe as descriptor 0 (calls) and as descriptor 3 (answers);
descriptors 1 and 2 are a file that keeps what functions print. It stands alone: nothing of the
package `balsam` is imported, so that any Python from 3.9 on serves, whatever is installed there.

It must never answer a call before the call's result is in its file, nor let anything of a call be
seen by the next one: environment, directory and descriptors are put back, and a worker in which
something else stays behind (threads, child processes, memory) says that it is not fit any more.
"""
import base64
import io
import json
import os
import pickle
import resource
import signal
import sys
import threading
import traceback
import types

#: Last bytes of what a failed call printed on standard error that go with its exception.
TAIL_BYTES = 8 * 1024
#: Results are written by this protocol, so that every supported Python reads them.
PICKLE_PROTOCOL = 5


class ArgumentUnpickler(pickle.Unpickler):
    """Reads arguments; a future among them is the result that lies in its file."""

    def __init__(self, source, context, jobs):
        super().__init__(source)
        self._context = context
        self._jobs = jobs

    def persistent_load(self, pid):
        kind, name = pid
        if kind == "job":
            # The future of an app: its finished job.
            from balsam import Job

            return Job.objects.get(pk=self._jobs[name])
        if kind != "future":
            raise pickle.UnpicklingError(f"unknown kind of argument: {kind}")
        return read_result(os.path.join(self._context, name))


def read_result(path):
    """The value in a result file; raises the exception in it."""
    with open(path, "rb") as file:
        is_done = file.read(1) == b"R"
        content = pickle.load(file)
    if is_done:
        return content
    raise revive(content)


def revive(content):
    """The exception of a failed call, with the remote traceback as its cause."""
    pickled, text, stderr = content
    try:
        exception = pickle.loads(pickled)
    except BaseException as why:  # noqa: BLE001: a class may do anything when it is made again
        exception = RuntimeError(f"{text.strip().splitlines()[-1]} (not readable here: {why!r})")
    return with_cause(exception, text, stderr)


def with_cause(exception, text, stderr):
    """Hangs the remote traceback and the last lines of stderr on the exception."""
    said = f"\n--- the end of its standard error ---\n{stderr}" if stderr.strip() else ""
    exception.__cause__ = RemoteTraceback(f'\n"""\n{text}"""{said}')
    exception.remote_traceback = text
    exception.stderr = stderr
    return exception


class RemoteTraceback(Exception):
    """The traceback of a function where it ran; the cause of what its future raises."""

    def __init__(self, text):
        super().__init__(text)
        self.text = text

    def __str__(self):
        return self.text


def dumps(value):
    """Pickles a value; what pickle can't take, cloudpickle may, where it is installed."""
    try:
        return pickle.dumps(value, protocol=PICKLE_PROTOCOL)
    except Exception as refusal:
        try:
            import cloudpickle
        except ImportError:
            # What pickle said is what helps, not that something else is missing.
            raise refusal from None
    return cloudpickle.dumps(value, protocol=PICKLE_PROTOCOL)


class Worker:
    """State that lives from call to call."""

    def __init__(self, calls, answers):
        self.calls = calls
        self.answers = answers
        self.pid = os.getpid()
        self.environment = dict(os.environ)
        # The same as the system has it: to compare these takes a tenth of the time.
        self.variables = dict(os.environ._data)
        self.path = list(sys.path)
        self.context = None
        self.facts = {}
        self.has_main = False
        self.functions = {}
        self.count = 0
        self.first_pages = None
        self.peak_kib = peak_kib()
        # Where functions print when no file was asked for.
        self.captured = os.dup(1)

    def serve(self):
        """Until there are no more calls."""
        for line in self.calls:
            call = json.loads(line)
            before = resource.getrusage(resource.RUSAGE_SELF)
            code = self.run(call)
            if os.getpid() != self.pid:
                # A fork of the function came back out of it: it is no worker.
                os._exit(code)
            self.answer(call, code, before)

    def answer(self, call, code, before):
        after = resource.getrusage(resource.RUSAGE_SELF)
        is_peak = after.ru_maxrss > self.peak_kib
        self.peak_kib = max(self.peak_kib, after.ru_maxrss)
        self.count += 1
        # Nothing can have grown below the peak.
        if self.first_pages is None:
            self.first_pages = resident_pages()
        is_larger = is_peak and self.has_grown(call)
        fit = self.count < call["callsMax"] and not has_leftovers() and not is_larger
        words = [
            code,
            round((after.ru_utime - before.ru_utime) * 1000),
            round((after.ru_stime - before.ru_stime) * 1000),
            after.ru_maxrss,
            int(is_peak),
            int(fit),
        ]
        try:
            os.write(self.answers, (json.dumps(words) + "\n").encode())
        except OSError:
            # The function closed it, or the spawner is gone: nobody can be told any more.
            os._exit(70)

    def has_grown(self, call):
        grown = (resident_pages() - self.first_pages) * resource.getpagesize()
        return grown > call["growthMiBMax"] * 1024 * 1024

    def run(self, call):
        """Runs the function, writes its result; 0 when it returned, 1 when it raised."""
        self.enter(call)
        try:
            value = self.evaluate(call)
            content = b"R" + dumps(value)
            code = 0
        except BaseException as exception:  # noqa: BLE001: SystemExit, too, is the call's end
            content = b"E" + failure_bytes(exception, self.stderr_tail(call))
            code = 1
        finally:
            flush()
        if os.getpid() == self.pid:
            write_result(call["result"], content)
            self.leave(call)
        return code

    def enter(self, call):
        """Environment, directory and outputs of the call."""
        os.environ.update(call["env"])
        os.chdir(call["cwd"])
        if call["output"] is not None:
            fd = os.open(call["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
            os.close(fd)

    def leave(self, call):
        """All of that back again."""
        if os.environ._data != self.variables:
            for name in list(os.environ):
                if name not in self.environment:
                    del os.environ[name]
            for name, value in self.environment.items():
                if os.environ.get(name) != value:
                    os.environ[name] = value
        if os.fstat(self.captured).st_size > 0:
            os.ftruncate(self.captured, 0)
        if call["output"] is not None:
            os.dup2(self.captured, 1)
            os.dup2(self.captured, 2)
        # Not to hold a directory that somebody wants to remove.
        os.chdir("/")

    def evaluate(self, call):
        payload = json.loads(call["payload"])
        self.enter_context(call["context"])
        if payload.get("main"):
            self.load_main()
        function = self.function_of(payload)
        args, kwargs = self.arguments_of(payload)
        return function(*args, **kwargs)

    def enter_context(self, context):
        """Modules are found where the client of this context found them."""
        if context == self.context:
            return
        with open(os.path.join(context, "context.json"), encoding="utf-8") as file:
            self.facts = json.load(file)
        self.context = context
        known = self.facts["path"]
        sys.path[:] = known + [each for each in self.path if each not in known]
        self.initialize()

    def initialize(self):
        """Runs the executor's initializer once, before the first call of a worker."""
        name = self.facts.get("initializer")
        if name is None:
            return
        if self.facts.get("initializer_main"):
            self.load_main()
        try:
            with open(os.path.join(self.context, name), "rb") as file:
                function, args = pickle.load(file)
            function(*args)
        except BaseException as why:
            self.context = None
            from concurrent.futures.process import BrokenProcessPool

            raise BrokenProcessPool("the initializer failed, so that no call can run") from why

    def load_main(self):
        """Functions of the client's own script: it is run here under another name, as by
        multiprocessing, so that what stands below `if __name__ == "__main__"` stays out."""
        if self.has_main:
            return
        self.has_main = True
        import runpy

        main = types.ModuleType("__mp_main__")
        name, path = self.facts.get("main_name"), self.facts.get("main_path")
        sys.argv = [path or ""]
        if name:
            content = runpy.run_module(name, run_name="__mp_main__", alter_sys=True)
        elif path:
            content = runpy.run_path(path, run_name="__mp_main__")
        else:
            raise RuntimeError("the function is of a session without a file: install cloudpickle")
        main.__dict__.update(content)
        sys.modules["__main__"] = sys.modules["__mp_main__"] = main

    def function_of(self, payload):
        name = payload["function"]
        function = self.functions.get(name)
        if function is None:
            function = self.find_function(name)
            if len(self.functions) >= 1024:
                self.functions.clear()
            self.functions[name] = function
        return function

    def find_function(self, name):
        if ":" not in name:
            with open(os.path.join(self.context, name), "rb") as file:
                return pickle.load(file)
        module, _, path = name.partition(":")
        __import__(module)
        found = sys.modules[module]
        for part in path.split("."):
            found = getattr(found, part)
        # The decorator balsam.app leaves the function itself beside what it made of it.
        return getattr(found, "__balsam_function__", found)

    def arguments_of(self, payload):
        if "arguments" in payload:
            source = io.BytesIO(base64.b64decode(payload["arguments"]))
            return ArgumentUnpickler(source, self.context, payload.get("jobs", {})).load()
        if "argumentsFile" in payload:
            with open(os.path.join(self.context, payload["argumentsFile"]), "rb") as file:
                return ArgumentUnpickler(file, self.context, payload.get("jobs", {})).load()
        return (), {}

    def stderr_tail(self, call):
        """The last that was printed."""
        flush()
        try:
            path = call["output"] or f"/proc/self/fd/{self.captured}"
            with open(path, "rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


def failure_bytes(exception, stderr):
    """A failure as the result file holds it; an exception that can't be pickled by its words."""
    # The first two frames are the worker's own.
    trace = exception.__traceback__
    for _ in range(2):
        trace = trace.tb_next if trace is not None and trace.tb_next is not None else trace
    text = "".join(traceback.format_exception(type(exception), exception, trace))
    try:
        pickled = dumps(exception)
        pickle.loads(pickled)
    except BaseException:  # noqa: BLE001: a class may do anything when it is pickled
        pickled = dumps(RuntimeError("".join(traceback.format_exception_only(type(exception), exception)).strip()))
    return pickle.dumps((pickled, text, stderr), protocol=PICKLE_PROTOCOL)


def write_result(path, content):
    """Whole or not at all."""
    aside = f"{path}.{os.getpid()}"
    try:
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            written = os.write(fd, content)
            while written < len(content):
                written += os.write(fd, content[written:])
        finally:
            os.close(fd)
        os.rename(aside, path)
    except FileNotFoundError:
        # The client has gone, and taken the directory with it: nobody waits for this.
        pass


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass


def has_leftovers():
    """Does something of the call live on: a thread that would be waited for, or a process?"""
    for thread in threading.enumerate():
        if not thread.daemon and thread is not threading.main_thread():
            return True
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    # Even one that had ended by now tells of a function that did not wait for its own.
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def resident_pages():
    try:
        with open("/proc/self/statm", "rb") as file:
            return int(file.read().split()[1])
    except OSError:
        return 0


def end_with_parent():
    """Where it can be had, the kernel ends a worker whose spawner died; elsewhere the launcher."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, int(signal.SIGKILL))
    except (ImportError, OSError, AttributeError):
        pass


def main():
    # Directory of this file: its modules must not be taken for those of the user.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != here]
    calls = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.dup(3)
    os.close(3)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.environ.pop("BALSAM_SPAWNER_JOURNAL", None)
    end_with_parent()
    # What pickles by reference to this module finds the one that is running.
    sys.modules["balsam_worker"] = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        Worker(calls, answers).serve()
    except KeyboardInterrupt:
        pass
    # Not sys.exit: a function's own threads or exit handlers must not keep it.
    flush()
    os._exit(0)


if __name__ == "__main__":
    main()
