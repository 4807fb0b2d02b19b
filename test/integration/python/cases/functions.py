"""Functions that test cases call in workers."""
import os
import signal
import subprocess
import sys
import threading
import time


def square(number):
    return number * number


def add(*numbers, start=0):
    return sum(numbers, start)


def fail(text):
    print("what it printed before", file=sys.stderr)
    raise ValueError(text)


class Odd(Exception):
    """An exception that can't be made again from its arguments."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def fail_oddly():
    raise Odd(1, 2)


def leave(code):
    sys.exit(code)


def die(signum=signal.SIGKILL):
    print("its last words", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signum)
    time.sleep(60)


def exit_at_once(code):
    os._exit(code)


def pid_after(seconds=0.0):
    time.sleep(seconds)
    return os.getpid()


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def environment(*names):
    return [os.environ.get(name) for name in names]


def set_environment(name, value):
    os.environ[name] = value
    os.chdir("/tmp")
    print("noise")
    return os.getpid()


def directory_and_environment(name):
    return os.getpid(), os.getcwd(), os.environ.get(name)


def leave_child():
    """Leaves a process behind."""
    child = subprocess.Popen(["sleep", "300"])
    return os.getpid(), child.pid


def leave_thread():
    threading.Thread(target=time.sleep, args=(300,)).start()
    return os.getpid()


def read_stdin():
    return sys.stdin.read()


def write_to_every_descriptor():
    """What a library may do that closes what it doesn't know."""
    os.closerange(3, 256)
    return os.getpid()


def fork_and_return():
    """A fork that comes back out of the function, too."""
    child = os.fork()
    if child > 0:
        os.waitpid(child, 0)
    return child > 0


def big(length):
    return "x" * length


def length(text):
    return len(text)


def unpicklable():
    return threading.Lock()


_state = {"count": 0}


def count_up():
    _state["count"] += 1
    return os.getpid(), _state["count"]


def initialize(value):
    _state["initialized"] = value


def initialized():
    return _state.get("initialized")


def fail_to_initialize():
    raise RuntimeError("no way")


def touch_and_wait(path, go):
    """Says its process, then waits until `go` is there."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{os.getpid()}\n")
    while not os.path.exists(go):
        time.sleep(0.01)
    return "went"


def job_name(job):
    return job.name, job.state
