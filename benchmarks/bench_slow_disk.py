"""The same comparison as `bench_ledger`, on a disk whose syncs take longer: a millisecond more each, and two.

The goals are shares of a floor that is nothing but syncs, so they depend on how long one takes: where it is a tenth of
a millisecond, the work of SQLite and Python on the rows of an attempt is most of the time, and a network disk waits
longer. Every sync of the process, the floor's as SQLite's, is lengthened by a library that is loaded before libc; that
takes Linux and a C compiler.
Usage: python benchmarks/bench_slow_disk.py [rounds]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MILLISECONDS = (1, 2)
SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
#define LENGTHENED(name) int name(int file) { \\
    int (*real)(int) = dlsym(RTLD_NEXT, #name); \\
    int done = real(file); usleep(atoi(getenv("SYNC_LONGER"))); return done; }
LENGTHENED(fsync)
LENGTHENED(fdatasync)
"""


def main() -> None:
    """Measure with each sync that much longer."""
    compiler = shutil.which("cc")
    if sys.platform != "linux" or compiler is None:
        sys.exit("this takes Linux and a C compiler (cc)")
    bench = Path(__file__).with_name("bench_ledger.py")
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "slow.c", Path(folder) / "slow.so"
        source.write_text(SLOW, encoding="utf-8")
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        for more in MILLISECONDS:
            sys.stdout.write(f"each sync {more} ms longer:\n")
            sys.stdout.flush()
            env = {**os.environ, "LD_PRELOAD": str(library), "SYNC_LONGER": str(more * 1000)}
            subprocess.run([sys.executable, bench, *sys.argv[1:]], env=env, check=True)


if __name__ == "__main__":
    main()
