"""A process that has imported the command line once, and forks itself for each command: importing costs a second.

Each command is still a process of its own, with its own folder, environment, standard streams and exit code. Run as a
module it is that process; `Prepared` talks to it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Prepared:
    """The forking process, for as long as the tests of this process run."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="prepared-")
        self._path = str(Path(self._folder.name) / "socket")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "tests.cli.prepared", self._path]
        self._process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout
        assert self._process.stdout.readline() == b"ready\n"

    def start(
        self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], files: Sequence[int]
    ) -> socket.socket:
        """Start a command; the socket tells its exit code at its end."""
        told = socket.socket(socket.AF_UNIX)
        told.connect(self._path)
        asked = json.dumps({"arguments": [*arguments], "folder": str(folder), "env": {**env}}).encode()
        socket.send_fds(told, [len(asked).to_bytes(4, "big") + asked], list(files))
        return told

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.terminate()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
        self._folder.cleanup()


def _serve(path: str) -> None:
    """Fork a keeper for each connection, which forks the command and tells its exit code."""
    from ringfence.cli.main import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _keep(connection, main)
            connection.close()


def _keep(connection: socket.socket, main: object) -> None:
    data, files, _, _ = socket.recv_fds(connection, 4 + (1 << 20), 3)
    size = int.from_bytes(data[:4], "big")
    while len(data) < 4 + size:
        data += connection.recv(1 << 20)
    asked = json.loads(data[4:])
    command = os.fork()
    if command == 0:
        connection.close()
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["env"])
        # The name that a command is told by is that of what was started.
        sys.modules["__main__"].__package__ = None
        sys.argv = ["ringfence", *asked["arguments"]]
        os._exit(_run(main))
    for file in files:
        os.close(file)
    _, status = os.waitpid(command, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _run(main: object) -> int:
    """The exit code, as the interpreter would make it of how `main` ends."""
    try:
        main()  # type: ignore[operator]
        code: object = 0
    except SystemExit as error:
        code = error.code
    except BaseException:  # noqa: BLE001 - what the interpreter shows and ends with
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    if isinstance(code, str):
        os.write(2, f"{code}\n".encode())
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    _serve(sys.argv[1])
