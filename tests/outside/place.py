"""A repository that the real program works on, what it holds, and what it should hold."""
import io
import os
import pathlib
import subprocess
import tarfile

THOROUGH = os.environ.get("BACKCAST_THOROUGH", "0") not in ("", "0")
# Files come and go fast in memory.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


class Wrong(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Wrong(what)


class Place:
    """A repository, a source, and where this user keeps keys and caches; a folder of its own."""

    def __init__(self, program, folder, source):
        self.program, self.folder, self.source = program, folder, source
        self.repository, self.target = folder / "repository", folder / "target"

    def start(self, *arguments, more_env=None, **options):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
               "XDG_CONFIG_HOME": str(self.folder / "config"),
               "XDG_CACHE_HOME": str(self.folder / "cache")}
        return subprocess.Popen([self.program, *map(str, arguments), "--passphrase-file",
                                 str(self.source.parent / "pass")], env={**env, **(more_env or {})},
                                cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                stdin=options.pop("stdin", subprocess.DEVNULL), **options)

    def run(self, *arguments, more_env=None, seconds=60):
        with self.start(*arguments, more_env=more_env) as process:
            try:
                out, err = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired as late:
                process.kill()
                raise Wrong("hangs") from late
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def do(self, *arguments):
        done = self.run(*arguments)
        expect(done.returncode == 0, "%s without any fault: exit %d: %s" % (
            arguments[0], done.returncode, done.stderr.decode()))
        return done.stdout.decode()

    def check(self, when):
        done = self.run("check", self.repository, "--open-data")
        expect(done.returncode == 0, "%s: check: %s%s" % (
            when, done.stderr.decode(), done.stdout.decode()))

    def snapshots(self):
        lines = self.do("snapshots", self.repository, "--csv").splitlines()[1:]
        return [line.split(",")[0] for line in lines]

    def content(self, snapshot):
        """Path to what the snapshot says of it, of all beneath the source."""
        done = self.run("dump", self.repository, snapshot, self.source, "--tar")
        if b"is not in the snapshot" in done.stderr:
            return {}
        expect(done.returncode == 0, "dump: " + done.stderr.decode())
        found = {}
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
            for entry in tar:
                path = "/" + entry.name
                if path.startswith(str(self.source)):
                    is_file = entry.isreg() or entry.islnk()
                    data = tar.extractfile(entry).read() if is_file else entry.linkname
                    found[path] = (entry.mode, data)
        return found


def on_disk(root):
    """The same of a folder."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [folder, *(os.path.join(folder, n) for n in [*files, *folders])]:
            info = os.lstat(name)
            if os.path.islink(name):
                data = os.readlink(name)
            elif os.path.isdir(name):
                data = ""
            else:
                data = pathlib.Path(name).read_bytes()
            found[name] = (info.st_mode & 0o7777, data)
    return found


def write_source(source, generation):
    def write(name, data):
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
    def noise(seed, size):
        return bytes((seed * 7919 + i * i * 31 + (i >> 3)) % 251 for i in range(size))
    write("same", noise(1, 3000))
    write("folder/changes", noise(10 + generation, 5000))
    write("folder/only-in-%d" % generation, b"generation %d" % generation)
    write("big", noise(3, 200_000) + noise(generation, 2000))
    if not os.path.lexists(source / "link"):
        (source / "link").symlink_to("same")
        os.link(source / "same", source / "folder" / "hard")
