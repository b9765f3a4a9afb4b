"""Where the program keeps secrets while it runs: never in a core dump, never in memory that a dump
or another process of the user could show. Looks into the program's memory, so it runs as root."""
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
PASSPHRASE = b"a passphrase that stands nowhere else 7219"


def mappings(pid):
    """(begin, end, flags) of everything that can be written."""
    out, current = [], None
    with open("/proc/%d/smaps" % pid) as smaps:
        for line in smaps:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+)", line)
            if head:
                current = (int(head[1], 16), int(head[2], 16), head[3])
            elif line.startswith("VmFlags:") and current[2].startswith("rw"):
                out.append((current[0], current[1], line.split()[1:]))
    return out


def places(pid, secret):
    """Flags of the mappings that hold `secret`."""
    found = []
    with open("/proc/%d/mem" % pid, "rb", 0) as memory:
        for begin, end, flags in mappings(pid):
            try:
                memory.seek(begin)
                content = memory.read(end - begin)
            except OSError:
                continue
            found += [flags] * content.count(secret)
    return found


def wait_for(path):
    for _ in range(1000):
        if os.path.exists(path):
            return
        time.sleep(0.01)
    raise AssertionError("the program did not ask for the new passphrase")


def main():
    folder = tempfile.mkdtemp()
    env = dict({k: v for k, v in os.environ.items() if not k.startswith("BACKCAST_")}, HOME=folder,
               XDG_CONFIG_HOME=folder + "/config", XDG_CACHE_HOME=folder + "/cache")
    given, asked = folder + "/pass", folder + "/asked"
    with open(given, "wb") as out:
        out.write(PASSPHRASE + b"\n")
    cheap = ["--kdf-memory", "8 MiB"]
    run = lambda *arguments: subprocess.run([PROGRAM, *arguments], env=env, check=True,
                                            capture_output=True).stdout
    run("init", folder + "/r", "--passphrase-file", given, *cheap)
    writer = run("key", "writer", folder + "/r", "--passphrase-file", given).split(b":")[2].strip()
    waiting = "touch %s; sleep 20; echo x" % asked
    for verb in (["init", folder + "/s", "--passphrase-command", waiting, *cheap],
                 ["key", "add", folder + "/r", "--passphrase-file", given,
                  "--new-passphrase-command", waiting, *cheap]):
        child = subprocess.Popen([PROGRAM, *verb], env=env, start_new_session=True)
        wait_for(asked)
        os.remove(asked)
        with open("/proc/%d/limits" % child.pid) as limits:
            core = [line for line in limits if line.startswith("Max core file size")]
        assert core[0].split()[4:6] == ["0", "0"], core
        if verb[0] == "key" and os.geteuid() == 0:
            assert places(child.pid, PASSPHRASE) == [], "the passphrase was used and stayed"
            assert places(child.pid, writer) == [], "keys as text"
            held = places(child.pid, bytes.fromhex(writer.decode()))
            assert held and all("dd" in flags for flags in held), held
        os.kill(child.pid, signal.SIGSEGV)
        status = os.waitpid(child.pid, 0)[1]
        os.killpg(child.pid, signal.SIGKILL)
        assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status)
    print("secrets ok")


if __name__ == "__main__":
    main()
