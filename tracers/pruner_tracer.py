"""Record what this interpreter loads, one line per event, into the folder `out` beside this file.

Runs inside the agent's interpreter (CPython 3.8 and newer, Linux), started by a `.pth` file in
site-packages before the agent's first line. It has no settings, so an interpreter that is started
isolated or with an empty environment is recorded as well. It imports only what `site` has loaded
already and modules that are compiled into the interpreter, starts no thread, takes no lock, and
is silent when it cannot write. `PRUNER_TRACER=off` switches it off for a process and for every
interpreter below it.
"""

# Only what site has loaded may be used here: pathlib is not among it, and neither is typing.

import _imp
import atexit
import os
import sys
import time

TYPE_CHECKING = False  # what type checkers take for true, without typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType, ModuleType
    from typing import Any

    Args = tuple[Any, ...]
    Frame = FrameType | None

FORMAT = "pruner-events"
# Version 1: the header, and the kinds module, extension, library, attempt, dlopen, spawn, full.
# Version 2: the kinds open, connect and resolve; a spawned program is named by its absolute path.
# Version 3: the kind lookup.
VERSION = 3

MAX_EVENTS = 400_000  # of one process; then one "full" event, and no more
MAX_TEXT = 4096  # PATH_MAX: nothing longer can be opened, and a line stays far below a pipe's size
MAX_ARGS, MAX_ARG = 20, 400
REST = 400  # a scan may cost a quarter of a percent of the time
HELD = 8  # lookups that a SIGKILL may take with it, where nothing was loaded for them
MIN_REST_S = 0.02
POPEN_ARGS = 4  # program, argv, cwd, env; the other ways to start one have no cwd
DEEPEST = 12  # frames between a loader's exec() and the import system
PLACE = 1 << 31  # and less than as much again: a position that every file system has

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
_FROZEN = "<frozen "
_HOME = os.path.dirname(os.path.abspath(__file__))
_OUT = _HOME + "/out"
_LIB = os.path.dirname(os.__file__)
# Files that stand between an import and the statement that asked for it, where they are not frozen.
_RUNPY = frozenset(("<frozen runpy>", _LIB + "/runpy.py"))
_MACHINERY = _RUNPY | {
    _LIB + "/" + name
    for name in ("importlib/__init__.py", "importlib/util.py", "pkgutil.py", "ctypes/__init__.py")
}
# Libraries that read metadata or data for others, as the standard library does.
_READERS = ("/pkg_resources/", "/importlib_metadata/", "/importlib_resources/", "/zoneinfo/")
# What a distribution installs lies below one of these; its code is seen when it runs, and site
# itself reads the rest of what is left out.
_PACKAGES = "-packages/"  # site-packages, dist-packages, and their -info folders
_SHARED = tuple(sys.prefix + part for part in ("/share/", "/etc/") if sys.prefix != "/usr")
_METADATA = (".dist-info/", ".egg-info/")
# file: whether it acts for others; what measures saves before each exec
_PLUMBING: "dict[str, bool]" = {_HOME + "/pruner_coverage.py": True}
_SHOWN: "dict[str, str]" = {}  # file: how it is shown; "" for the import system's own
_BUILTIN = frozenset(sys.builtin_module_names)
_SUFFIXES = tuple(_imp.extension_suffixes())
_CODE = (".py", ".pyc", ".so", ".pth", ".start")
_SHELLS = ("/sh", "/bash", "/dash")
_Module = type(sys)
_Spec = type(sys.__spec__)
# A lazy module loads itself when an attribute is read, its __dict__ through this it does not see.
_namespace: "Callable[[ModuleType], dict[str, Any]]" = vars(_Module)["__dict__"].__get__


def _line(kind: str, fields: "tuple[str | None, ...]") -> str:
    """Return an event as a line; most need no quoting, which one look tells of all fields."""
    plain = "\\" if None in fields else '","'.join(fields)  # type: ignore[arg-type]
    between = 2 * len(fields) - 2
    if (
        "\\" not in plain
        and plain.isascii()
        and plain.isprintable()
        and plain.count('"') == between
    ):
        return '["%s","%s"]\n' % (kind, plain)
    return '["%s",%s]\n' % (kind, ",".join(map(_quote, fields)))


def _quote(text: "str | None") -> str:
    """Return text as JSON; what UTF-8 cannot carry becomes U+FFFD."""
    if text is None:
        return "null"
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return '"' + text + '"'
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char < " ":
        return "\\u%04x" % ord(char)
    return "\ufffd" if "\ud800" <= char <= "\udfff" else char


def _text(value: "Any") -> "str | None":  # noqa: ANN401
    """Return a plain str of a str or bytes that is short enough, without running anyone's code."""
    kind = type(value)
    if kind is not str:
        if issubclass(kind, bytes):
            value = bytes.decode(value, "utf-8", "surrogateescape")
        else:
            value = str.__str__(value) if issubclass(kind, str) else None
    return value if value and len(value) <= MAX_TEXT else None


def _absolute(path: str) -> str:
    """Return the path absolute and without `..`; through symbolic links only where that matters."""
    if path[:1] != "/":
        path = os.getcwd() + "/" + path
    if "//" not in path and ("/." not in path or ("/./" not in path and "/../" not in path)):
        return path
    flat = os.path.normpath(path)
    try:
        same = os.path.samestat(os.stat(flat), os.stat(path))
    except OSError:
        same = False
    return flat if same else os.path.realpath(path)


def _asker(frame: "Frame") -> "str | None":
    """Return "file:line" of the nearest frame that is not the import system's own."""
    while frame is not None:
        file = frame.f_code.co_filename
        shown = _SHOWN.get(file)
        if shown is None:
            own = file in _MACHINERY or file[:8] == _FROZEN
            shown = "" if own else file if file[:1] in "</" else _absolute(file)
            _SHOWN[file] = shown
        if shown:
            return "%s:%d" % (shown, frame.f_lineno or 0) if len(shown) < MAX_TEXT else None
        frame = frame.f_back
    return None


def _requester(frame: "Frame") -> "str | None":
    """Return "file:line" of the nearest frame that does not read, connect or start for others."""
    nearest = frame
    while frame is not None:
        file = frame.f_code.co_filename
        serves = _PLUMBING.get(file)
        if serves is None:
            standard = file.startswith(_LIB + "/") and _PACKAGES not in file
            serves = standard or file[:8] == _FROZEN or any(part in file for part in _READERS)
            _PLUMBING[file] = serves
        if not serves:
            return _asker(frame)
        frame = frame.f_back
    return _asker(nearest)


def _program(word: str, folder: "str | None", env: "Any") -> "str | None":  # noqa: ANN401
    """Return the path that a name starts, a bare name if PATH lacks it, None for no such path."""
    if "/" in word:
        path = _absolute(word if word[0] == "/" or not folder else folder + "/" + word)
        return path if os.path.exists(path) else None
    search = env if type(env) is dict else os.environ
    for place in (_text(search.get("PATH")) or os.defpath).split(":"):
        path = _absolute((place or ".") + "/" + word)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return word


def _scope(frame: "Frame") -> "dict[str, Any] | None":
    """Return the globals that the import system or runpy is about to execute code in."""
    if frame is None:
        return _namespace(sys.modules["__main__"])
    code: "CodeType" = frame.f_code
    scope: "Any" = None
    if code.co_name == "_call_with_frames_removed" and code.co_filename[:8] == _FROZEN:
        args = frame.f_locals["args"]
        scope = args[1] if len(args) > 1 else None
    elif code.co_name == "_run_code" and code.co_filename in _RUNPY:
        scope = frame.f_locals["run_globals"]
    return scope if type(scope) is dict else None


def _loading(frame: "Frame") -> "str | None":
    """Return the name of the module whose own loader calls exec() in this frame."""
    for _ in range(DEEPEST):
        if frame is None or frame.f_code.co_name == "<module>":
            break
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            spec = frame.f_locals.get("spec")
            if type(spec) is _Spec:
                return _text(spec.name)
        frame = frame.f_back
    return None


def _named(scope: "dict[str, Any]") -> "tuple[str | None, str | None]":
    """Return name and file of a module; the name it was found under, not `__main__`."""
    spec = scope.get("__spec__")
    name = spec.name if type(spec) is _Spec else scope.get("__name__")
    return _text(name), _text(scope.get("__file__"))


def _mapped() -> "set[bytes]":
    """Return the files that are mapped executable into this process."""
    chunks: "list[bytes]" = []
    fd = os.open("/proc/self/maps", os.O_RDONLY | os.O_CLOEXEC)
    try:
        while not chunks or chunks[-1]:
            chunks.append(os.read(fd, 1 << 18))
    finally:
        os.close(fd)
    lines = b"".join(chunks).split(b"\n")
    return {line[line.index(b"/") :] for line in lines if b"xp " in line[:60] and b" /" in line}


def _foreign(error: BaseException) -> bool:
    """Tell whether a signal handler of the agent raised this while our code was running."""
    if not isinstance(error, Exception):
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is None or trace.tb_frame.f_code.co_filename != _foreign.__code__.co_filename


class _Log:
    """The event file of this process: one write per event, and a new file after a fork.

    Agents close and reuse descriptors. Ours is known by its position, one that no other file is at:
    it costs a third of what fstat() does, and appending with pwrite() does not move it.
    """

    def __init__(self) -> None:
        self.path = ""
        self.parent: "str | None" = None
        self.fd = self.left = self.place = -1
        self.size = 0
        self.dead = self.forked = False
        self.begin()
        os.register_at_fork(after_in_child=self.fork)

    def fork(self) -> None:
        """Have the next event, if there is one, begin a new file."""
        self.forked = True

    def begin(self) -> None:
        """Open a new file and write its header, which names the file that a fork goes on from."""
        if self.path:
            self.parent = self.path[len(_OUT) + 1 :]
            if self.is_ours():
                os.close(self.fd)
        self.forked, self.left, self.size = False, MAX_EVENTS, 0
        pid = os.getpid()
        self.path = "%s/%d-%s.events" % (_OUT, pid, os.urandom(4).hex())
        self.open(os.O_CREAT | os.O_EXCL)
        os.fchmod(self.fd, 0o644)  # whatever the agent's umask is
        self.put(_header(pid, self.parent))

    def open(self, flags: int) -> None:
        """Open the file, and go to a position of our own."""
        self.fd = os.open(self.path, _FLAGS | flags, 0o644)
        self.place = PLACE + int.from_bytes(os.urandom(4), "little") % PLACE
        os.lseek(self.fd, self.place, os.SEEK_SET)

    def is_ours(self) -> bool:
        """Tell whether the descriptor is still our file."""
        try:
            return os.lseek(self.fd, 0, os.SEEK_CUR) == self.place
        except OSError:  # closed; a pipe or a socket
            return False

    def event(self, kind: str, *fields: "str | None") -> None:
        """Write one event, unless the file has become unusable or full."""
        if self.dead:
            return
        try:
            if self.forked:
                self.begin()
            elif not self.is_ours():
                self.open(0)
            self.left -= 1
            if self.left > 0:
                self.put(_line(kind, fields))
            elif self.left == 0:
                self.put('["full"]\n')
        except OSError:
            self.dead = True

    def put(self, line: str) -> None:
        """Write one line; after a short write nothing may follow, so that only an end is torn."""
        data = line.encode()
        self.dead = os.pwrite(self.fd, data, self.size) != len(data)  # appends on Linux, anywhere
        self.size += len(data)


def _header(pid: int, parent: "str | None") -> str:
    """Return the first line of a file, an object."""
    version = "%d.%d.%d" % sys.version_info[:3]
    argv = getattr(sys, "orig_argv", None) or getattr(sys, "argv", [])
    listed = ",".join([_quote(str(arg)[:MAX_ARG]) for arg in argv[:MAX_ARGS]])
    return (
        '{"format":"%s","version":%d,"pid":%d,"ppid":%d,"python":"%s","implementation":%s,'
        '"executable":%s,"prefix":%s,"argv":[%s],"started":%.6f,"inherits":%s}\n'
    ) % (
        FORMAT,
        VERSION,
        pid,
        os.getppid(),
        version,
        _quote(sys.implementation.name),
        _quote(_text(sys.executable) or ""),
        _quote(_text(sys.prefix) or ""),
        listed,
        time.time(),
        _quote(parent),
    )


class _Recorder:
    """Turns audit events into lines. Sets keep them few; a thread that races writes one twice."""

    def __init__(self, log: _Log) -> None:
        self.log = log
        # (kind, what, file) of every event written; (kind, file, by) where metadata was read
        self.seen: "set[tuple[str, str | None, str | None]]" = set()
        # Names that were looked up; those of them that nothing was loaded for yet; and those of
        # them that are not written yet, since most are loaded at once.
        self.tried: "set[str]" = set()
        self.pending: "dict[str | None, None]" = {}
        self.held: "dict[str | None, str | None]" = {}
        self.libraries: "set[bytes]" = set()
        self.dirty = False  # something native was loaded since the last scan
        self.due = time.monotonic() + MIN_REST_S  # of the next look at what raises no event
        # One row per audit event. Our own calls raise `open` and `sys._getframe`: a row for one of
        # these has to tell our calls from the agent's. The hook passes on what `open` names only
        # below a folder of distributions, and there we write nothing and read nothing.
        self.rows: "dict[str, Callable[[Args, Frame], None]]" = {
            "exec": self.on_exec,
            "import": self.on_import,
            "ctypes.dlopen": self.on_dlopen,
            "subprocess.Popen": self.on_spawn,
            "os.exec": self.on_spawn,
            "os.posix_spawn": self.on_spawn,
            "os.system": self.on_system,
            "open": self.on_open,
            "socket.connect": self.on_connect,
            "socket.getaddrinfo": self.on_resolve,
            "socket.gethostbyname": self.on_resolve,
        }

    def on_exec(self, args: "Args", frame: "Frame") -> None:
        """Record the file of a module at the moment its code is run, whoever found it."""
        file = args[0].co_filename
        if file[:1] == "<" and file[:8] != _FROZEN:
            return
        scope = _scope(frame)
        name, found = _named(scope) if scope is not None else (_loading(frame), None)
        file = found or (file if file[:1] != "<" else None)
        if name is not None or (file is not None and os.path.exists(file)):
            self.loaded("module", name, file, frame)
        if time.monotonic() > self.due:
            self.tick()

    def on_import(self, args: "Args", frame: "Frame") -> None:
        """Record a name that is looked up, or an extension module that is created from a file."""
        name, file = _text(args[0]), _text(args[1])
        if name is None:
            return
        if file is None:
            if name not in self.tried:
                self.tried_name(name, frame, held=True)
        elif "/" in file:
            self.dirty = True
            self.loaded("extension", name, file, frame)

    def on_dlopen(self, args: "Args", frame: "Frame") -> None:
        """Record the name of a library that ctypes opens."""
        self.dirty = True
        self.once("dlopen", _text(args[0]), frame)

    def on_spawn(self, args: "Args", frame: "Frame") -> None:
        """Record the program that is started, and the first word of what a shell is to run."""
        name, argv, env = _text(os.fspath(args[0])), args[1], args[-1]
        folder = _text(args[2]) if len(args) == POPEN_ARGS else None
        program = _program(name, folder, env) if name else None
        self.once("spawn", program, frame)
        if program is None or not program.endswith(_SHELLS) or type(argv) not in (list, tuple):
            return
        if len(argv) > 2 and _text(argv[1]) == "-c":  # noqa: PLR2004
            for word in (_text(argv[2]) or "").split(None, 1)[:1]:
                found = _program(word, folder, env)
                self.once("spawn", found if found and "/" in found else None, frame)

    def on_system(self, args: "Args", frame: "Frame") -> None:
        """Record the shell that a command is given to, and the first word of it."""
        self.on_spawn(("/bin/sh", ("sh", "-c", args[0]), None), frame)

    def on_open(self, args: "Args", frame: "Frame") -> None:
        """Record a file of a distribution that is read; of metadata every line that reads it."""
        file = _text(args[0])
        if file is None or args[2] & os.O_ACCMODE:
            return
        file = _absolute(file)
        shared = any(part in file for part in _METADATA)
        by = _requester(frame) if shared else None
        if ("open", file, by) not in self.seen:
            self.seen.add(("open", file, by))
            self.log.event("open", file, by if shared else _requester(frame))

    def on_connect(self, args: "Args", frame: "Frame") -> None:
        """Record the host and port of an internet address."""
        address = args[1]
        if type(address) is tuple and len(address) in (2, 4) and type(address[1]) is int:
            host, port = _text(address[0]), address[1]
            if host is not None and 0 <= port < 1 << 16:
                form = "[%s]:%d" if ":" in host else "%s:%d"
                self.once("connect", form % (host, port), frame)

    def on_resolve(self, args: "Args", frame: "Frame") -> None:
        """Record a host whose address is asked for, unless it is this one."""
        host = _text(args[0])
        if host != os.uname().nodename:
            self.once("resolve", host, frame)

    def on_lookup(self, name: "str | None", frame: "Frame") -> None:
        """Record the name of a distribution whose metadata is asked for, and every line that asks.

        It says nothing of whether there is one. What pkg_resources asks for is not seen: it lists
        folders and compares names by itself, and raises no event that carries the name.
        """
        if name is None:  # everything is asked for
            return
        key = ("lookup", name, _requester(frame))
        if key not in self.seen:
            self.seen.add(key)
            self.log.event(*key)

    def once(self, kind: str, what: "str | None", frame: "Frame") -> None:
        """Record what was named, the first time."""
        key = (kind, what, None)
        if what is not None and key not in self.seen:
            self.seen.add(key)
            self.log.event(kind, what, _requester(frame))

    def tried_name(self, name: str, frame: "Frame", *, held: bool) -> None:
        """Record a lookup, the first time. Held back, it is not written if it is loaded next."""
        if name in self.tried or name in _BUILTIN:
            return
        self.tried.add(name)
        self.pending[name] = None
        if not held:  # a probe: who loads it later may be someone else
            self.log.event("attempt", name, _asker(frame))
            return
        self.held[name] = _asker(frame)
        if len(self.held) > HELD:
            self.release()

    def release(self) -> None:
        """Write the lookups that were held back."""
        while self.held:
            try:
                name, by = self.held.popitem()
            except KeyError:  # another thread was faster
                return
            self.log.event("attempt", name, by)

    def loaded(self, kind: str, name: "str | None", file: "str | None", frame: "Frame") -> None:
        """Record a module: name or file may be None, not both."""
        file = file and _absolute(file)
        key = (kind, name, file)
        if key in self.seen or (name is None and file is None):
            return
        self.seen.add(key)
        self.pending.pop(name, None)
        by = self.held.pop(name, "")
        self.log.event(kind, name, file, _asker(frame) if by == "" else by)

    def look(self, names: "list[str]") -> None:
        """Record those names that are in sys.modules, with the files they say they are from."""
        for name in names:
            module = sys.modules.get(name)
            if module is None or type(name) is not str or name == __name__ or name in _BUILTIN:
                continue
            scope = _namespace(module) if issubclass(type(module), _Module) else {}
            file = _text(scope.get("__file__"))
            if file is None or (file[:1] != "/" and name in self.tried):
                kind, file = "module", None
                if name not in self.pending and name in self.tried:
                    continue
            else:
                kind = "extension" if file.endswith(_SUFFIXES) else "module"
            self.loaded(kind, _text(name), file, None)

    def tick(self) -> None:
        """Catch up on what raises no event, so seldom that it costs next to nothing."""
        began = time.monotonic()
        self.due = began + 1  # a second thread turns away here
        if self.dirty:
            self.dirty = False
            self.scan()
        self.look([name for name in list(self.pending) if name])
        self.release()
        ended = time.monotonic()
        self.due = ended + max(MIN_REST_S, REST * (ended - began))

    def scan(self) -> None:
        """Record native libraries that were mapped since the last scan."""
        try:
            new = _mapped() - self.libraries
        except OSError:
            return
        self.libraries |= new
        for path in sorted(new):
            if not path.startswith((b"/memfd:", b"/dev/", b"/SYSV")):
                self.log.event("library", _text(path.replace(b" (deleted)", b"")))

    def finish(self) -> None:
        """Take the last look, when the interpreter exits in order."""
        try:
            self.scan()
            done = self.tried.difference(self.pending)
            self.look([name for name in sys.modules.copy() if name not in done])
            self.release()
        except Exception:  # noqa: BLE001  whatever the agent did to sys.modules
            return


def _hook(rows: "dict[str, Callable[[Args, Frame], None]]") -> "Callable[[str, Args], None]":
    """Return the audit hook; a closure, since a module's globals go first when Python exits."""
    find, here, foreign = rows.get, sys._getframe, _foreign  # noqa: SLF001
    code, packages, shared = _CODE, _PACKAGES, _SHARED

    def hook(event: str, args: "Args") -> None:
        row = find(event)
        if row is not None:
            try:
                if event == "open":  # thousands of times: what is not wanted leaves here
                    path = args[0]
                    if type(path) is not str or path.endswith(code):
                        return
                    if packages not in path and not path.startswith(shared):
                        return
                elif event == "exec" and args[0].co_name != "<module>":
                    return
                row(args, here().f_back)
            except BaseException as error:
                if foreign(error):
                    raise

    return hook


class _Finder:
    """First on sys.meta_path: sees the lookups that raise no audit event, and finds nothing."""

    def __init__(self, recorder: _Recorder) -> None:
        self.recorder = recorder

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002
        """Record the name."""
        recorder, here = self.recorder, sys._getframe  # noqa: SLF001
        if name not in recorder.tried:
            try:
                recorder.tried_name(_text(name) or "", here().f_back, held=False)
            except BaseException as error:
                if _foreign(error):
                    raise

    def find_distributions(self, context: object = None) -> "Iterator[Any]":
        """Record the name. Python 3.8 takes next() of the answer."""
        try:
            name = getattr(context, "__dict__", {}).get("name")  # no property of the agent's
            self.recorder.on_lookup(_text(name), sys._getframe().f_back)  # noqa: SLF001
        except BaseException as error:
            if _foreign(error):
                raise
        return iter(())


def _origin(pid: "int | str") -> "tuple[int, str]":
    """Return the parent of a process, and when it started; the two identify it for ever."""
    try:
        fd = os.open("/proc/%s/stat" % pid, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0, "0"
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split()
    finally:
        os.close(fd)
    return int(fields[1]), fields[19].decode()


def _is_off() -> bool:
    """Tell whether this process or one above it was switched off, and leave a marker if so.

    A marker is `<pid>.<start time>.off`: it outlives exec and an emptied environment, and a later
    process with the same number is not taken for it.
    """
    me = pid = os.getpid()
    parent, started = _origin("self")
    mine = "%s/%d.%s.off" % (_OUT, me, started)
    off = os.environ.get("PRUNER_TRACER") == "off"
    for _ in range(64):
        if off or pid == 0:
            break
        off = os.path.exists("%s/%d.%s.off" % (_OUT, pid, started))
        pid = parent
        parent, started = _origin(pid) if pid else (0, "0")
    if off:
        os.close(os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    return off


def _begin() -> None:
    """Start to record: the look at what is there already comes before the first event."""
    while _HOME in sys.path:
        sys.path.remove(_HOME)
    sys.path_importer_cache.pop(_HOME, None)
    if _is_off():
        return
    recorder = _Recorder(_Log())
    recorder.look(list(sys.modules))
    sys.addaudithook(_hook(recorder.rows))
    sys.meta_path.insert(0, _Finder(recorder))
    atexit.register(recorder.finish)


_started: "list[bool]" = []


def start() -> None:
    """Record this interpreter from here on; a second call does nothing, and none ever raises."""
    if _started:
        return
    _started.append(True)
    try:
        _begin()
    except Exception:  # noqa: BLE001  an agent must not fail because it cannot be watched
        return
