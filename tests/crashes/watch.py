"""Standing between a process and the kernel: its writes, syncs, renames, sends and receives, one after the other.

By seccomp's user notification (Linux 5.5 and newer, seccomp_unotify(2)): a call that is watched waits until whoever
holds the listener has said what becomes of it, in whichever thread of the process it is made, also in SQLite and
delta-rs. strace can do the same to one thread: it counts "per syscall and per tracee" (strace(1), fault injection).
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# By kind: the numbers of the calls on x86_64 and aarch64 (asm/unistd.h); None where a machine has no such call.
CALLS: dict[str, dict[str, tuple[int | None, int | None]]] = {
    "sync": {"fsync": (74, 82), "fdatasync": (75, 83)},
    "name": {
        "rename": (82, None),
        "renameat": (264, 38),
        "renameat2": (316, 276),
        "link": (86, None),
        "linkat": (265, 37),
    },
    "drop": {"unlink": (87, None), "unlinkat": (263, 35)},
    "net": {"sendto": (44, 206), "sendmsg": (46, 211), "recvfrom": (45, 207), "recvmsg": (47, 212)},
    "write": {
        "write": (1, 64),
        "pwrite64": (18, 68),
        "writev": (20, 66),
        "sendfile": (40, 71),
        "copy_file_range": (326, 285),
        "ftruncate": (77, 46),
        "fallocate": (285, 47),
    },
}
_MACHINE = {"x86_64": 0, "aarch64": 1}.get(platform.machine())
_NAMES = {
    number: (kind, name)
    for kind, calls in CALLS.items()
    for name, pair in calls.items()
    if _MACHINE is not None and (number := pair[_MACHINE]) is not None
}
_SECCOMP, _SET_FILTER, _NEW_LISTENER, _NO_NEW_PRIVILEGES = (317, 277), 1, 8, 38
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
# Which argument names the file: a descriptor, or for a name where the path stands.
_PATH_AT = {"rename": 0, "link": 0, "unlink": 0, "renameat": 1, "renameat2": 1, "linkat": 1, "unlinkat": 1}
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Event:
    """A call that is about to be made: its kind, its name, and the file below home, or `socket`; empty: not ours."""

    kind: str
    call: str
    on: str


# What becomes of a call: None lets it be, a number is the error that it fails with, a signal is sent first.
Answer = signal.Signals | int | None


def watched(kinds: list[str]) -> int:
    """Let the calls of these kinds of this process and its threads be answered by whoever holds the listener.

    For the length of the process: it cannot be undone. Raises OSError where the kernel or a container forbids it.
    """
    if _MACHINE is None:
        raise OSError(errno.ENOSYS, f"no numbers of calls are known for {platform.machine()}")
    numbers = [number for number, (kind, _) in _NAMES.items() if kind in kinds]
    load, equal, answer = 0x20, 0x15, 0x06
    code = [struct.pack("HBBI", load, 0, 0, 0)]
    code += [struct.pack("HBBI", equal, len(numbers) - place, 0, each) for place, each in enumerate(numbers)]
    code += [struct.pack("HBBI", answer, 0, 0, _ALLOW), struct.pack("HBBI", answer, 0, 0, _NOTIFY)]
    program = ctypes.create_string_buffer(b"".join(code))
    described = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    listener: int = _LIBC.syscall(_SECCOMP[_MACHINE], _SET_FILTER, _NEW_LISTENER, described)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "this machine does not let a process be watched (seccomp)")
    return listener


def answer_calls(listener: int, process: int, home: Path, decide: Callable[[Event], Answer], seconds: float) -> None:
    """Ask `decide` about every call on our own files and connections, until the process is gone or was killed.

    The process leads its group; those that it starts are watched as well, and die with it. Calls on anything else are
    let be. Raises TimeoutError, and kills them all, when it takes longer.
    """
    until = time.monotonic() + seconds
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        found = poll.poll(1000)
        if time.monotonic() > until:
            os.killpg(process, signal.SIGKILL)
            raise TimeoutError(f"the process did not end within {seconds:g} s")
        if found and found[0][1] & select.POLLHUP:
            return
        asked = _next(listener) if found else None
        if asked is None:
            continue
        ident, event = _described(asked, home)
        answer = decide(event) if event.on else None
        if answer is signal.SIGKILL:
            os.killpg(process, signal.SIGKILL)
            return
        if isinstance(answer, signal.Signals):
            os.kill(process, answer)
            answer = None
        _say(listener, ident, answer)


def _next(listener: int) -> bytes | None:
    """The next call that waits; None when it has been interrupted meanwhile."""
    asked = bytearray(80)
    try:
        fcntl.ioctl(listener, _RECEIVE, asked)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EINTR):
            return None
        raise
    return bytes(asked)


def _say(listener: int, ident: int, failed: int | None) -> None:
    """Let a call be, or fail with an error."""
    said = struct.pack("QqiI", ident, 0, -(failed or 0), 0 if failed else _CONTINUE)
    try:
        fcntl.ioctl(listener, _SEND, bytearray(said))
    except OSError as error:
        # A signal has interrupted the call: it is made, and asked about, again.
        if error.errno != errno.ENOENT:
            raise


def _described(asked: bytes, home: Path) -> tuple[int, Event]:
    ident, thread, _, number, _, _, *arguments = struct.unpack("QIIiIQ6Q", asked)
    kind, call = _NAMES[number]
    return ident, Event(kind, call, _subject(thread, call, arguments, home))


def _subject(thread: int, name: str, arguments: list[int], home: Path) -> str:
    """The file below home that a call is about, `socket` for a connection over the network; empty for anything else."""
    try:
        if name in _PATH_AT:
            told = _text(thread, arguments[_PATH_AT[name]])
            return told.removeprefix(f"{home}/") if told.startswith(f"{home}/") else ""
        # What sendfile and copy_file_range write to comes first, or third.
        descriptor = arguments[2] if name == "copy_file_range" else arguments[0]
        told = str(Path(f"/proc/{thread}/fd/{descriptor}").readlink())
    except OSError:
        return ""
    if told.startswith("socket:["):
        return "socket" if _over_network(thread, told[8:-1]) else ""
    return told.removeprefix(f"{home}/") if told.startswith(f"{home}/") else ""


def _over_network(thread: int, inode: str) -> bool:
    known = Path(f"/proc/{thread}/net/tcp").read_text("ascii").splitlines()[1:]
    return any(row.split()[9] == inode for row in known)


def _text(thread: int, address: int) -> str:
    with Path(f"/proc/{thread}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(4096).split(b"\0", 1)[0].decode(errors="replace")
