"""What lives while histories are recorded: a real PostgreSQL under load, a host that writes logs
and mail, a vector store, a Lance table, the MariaDB of sources_mariadb.py and the files of
sources_files.py. Each has `folders`, {history: (folder, patterns left out)}, and
`live_through(day)`. The same seed makes the same bytes, but for the databases, whose files depend
on their clocks."""
import getpass
import gzip
import os
import pathlib
import shutil
import struct
import subprocess

import sources_files
import sources_mariadb
from living import SUNDAY, WORDS, Source, how_busy


def make(kind, work, seed, scale):
    return ALL[kind](work, seed, scale)


def missing(kind):
    """What this machine lacks to make a kind, in a sentence; "" where nothing."""
    return ALL[kind].missing()


class Postgres(Source):
    """A shop: uniform updates and inserts by pgbench's own transaction, orders whose newest rows
    are updated most, old orders deleted and tables vacuumed on Sundays. Recorded are the data
    folder of the stopped server without its log of changes, and a plain dump."""
    name = "postgres"
    TABLES = """
        create table orders (id serial primary key, day int, state int, note text);
        create index on orders (day);"""
    ORDERS = """
        \\set newest random_exponential(1, 5000, 8)
        insert into orders (day, state, note)
          values (:day, 0, md5(random()::text) || md5(random()::text));
        update orders set state = state + 1
          where id = (select last_value from orders_id_seq) - :newest;"""

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.data, self.dump = work / "data", work / "dump"
        self.socket = work / "socket"
        # The server refuses to run as root.
        self.user = "postgres" if os.getuid() == 0 else None
        for folder in (self.data, self.socket):
            folder.mkdir()
            if self.user:
                shutil.chown(folder, self.user, self.user)
        self.dump.mkdir()
        self.folders = {"pgdata": (self.data, ["pg_wal", "pg_stat*", "postmaster.*"]),
                        "pgdump": (self.dump, [])}

    @staticmethod
    def missing():
        found = list(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        return "" if found else "PostgreSQL's server is not installed"

    def call(self, program, *arguments, **options):
        return subprocess.run([self.programs / program, *map(str, arguments)], check=True,
                              user=self.user, cwd=self.work, stdin=subprocess.DEVNULL,
                              stdout=options.get("output", subprocess.DEVNULL),
                              stderr=subprocess.DEVNULL)

    def __enter__(self):
        self.call("initdb", "-D", self.data, "--locale=C", "--encoding=UTF8", "--no-sync")
        self.connection = ["-h", self.socket, "-U", self.user or getpass.getuser(), "postgres"]
        self.start()
        self.call("pgbench", "-i", "-q", "-s", max(1, round(10 * self.scale)), *self.connection)
        self.sql(self.TABLES)
        (self.work / "orders.sql").write_text(self.ORDERS)
        self.stop()
        return self

    def __exit__(self, *_):
        if (self.data / "postmaster.pid").exists():
            self.stop("immediate")

    def start(self):
        settings = {"listen_addresses": "", "unix_socket_directories": self.socket,
                    "autovacuum": "off", "fsync": "off", "shared_buffers": "64MB",
                    "full_page_writes": "off"}
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        self.call("pg_ctl", "start", "-w", "-D", self.data, "-o", options,
                  "-l", self.socket / "log")

    def stop(self, how="fast"):
        self.call("pg_ctl", "stop", "-w", "-m", how, "-D", self.data)

    def sql(self, text):
        self.call("psql", "-q", "-v", "ON_ERROR_STOP=1", "-c", text, *self.connection)

    def load(self, transactions, *script):
        self.call("pgbench", "-n", "-c", 1, "-t", max(1, round(transactions)),
                  f"--random-seed={self.rng.randrange(1 << 31)}", *script, *self.connection)

    def live_through(self, day):
        self.start()
        busy = how_busy(self.rng, day)
        self.load(1500 * busy * self.scale)
        self.load(2500 * busy * self.scale, "-D", f"day={day}", "-f", self.work / "orders.sql")
        if day % 7 == SUNDAY:
            self.sql(f"delete from orders where day < {day - 28}")
            self.call("vacuumdb", "-q", "-z", *self.connection)
        with open(self.dump / "shop.sql", "wb") as out:
            self.call("pg_dump", *self.connection, output=out)
        self.stop()


class Logs(Source):
    """Six services that write a log each, rotated and packed every night, gone after 14 days; one
    journal that only grows; mail in folders of which some is deleted; and now and then a day with
    ten times the usual lines."""
    name = "logs"
    SERVICES, KEPT_DAYS = 6, 14

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.root = work / "host"
        for folder in ("log", "mail"):
            (self.root / folder).mkdir(parents=True)
        self.folders = {"logs": (self.root, [])}

    def lines(self, day, count):
        rng = self.rng
        return "".join(
            f"{day:05} {rng.randrange(86400):05} {rng.choice(WORDS)} {rng.choice(WORDS)} "
            f"10.0.{rng.randrange(256)}.{rng.randrange(256)} {rng.randrange(10**9)}\n"
            for _ in range(max(1, round(count)))).encode()

    def rotate(self, path):
        for age in range(self.KEPT_DAYS, 0, -1):
            old = path.with_name(f"{path.name}.{age}.gz")
            if not old.exists():
                continue
            if age == self.KEPT_DAYS:
                old.unlink()
            else:
                old.rename(path.with_name(f"{path.name}.{age + 1}.gz"))
        if path.exists():
            packed = gzip.compress(path.read_bytes(), 6, mtime=0)
            path.with_name(f"{path.name}.1.gz").write_bytes(packed)
            path.unlink()

    def live_through(self, day):
        rng = self.rng
        busy = how_busy(rng, day) * self.scale * (10 if rng.random() < 1 / 40 else 1)
        for service in range(self.SERVICES):
            path = self.root / "log" / f"service{service}.log"
            self.rotate(path)
            path.write_bytes(self.lines(day, 6000 * busy * (service + 1) / self.SERVICES))
        with open(self.root / "journal", "ab") as journal:
            journal.write(self.lines(day, 4000 * busy))
        for number in range(max(1, round(40 * busy))):
            path = self.root / "mail" / f"{day:05}-{number:04}"
            path.write_bytes(self.lines(day, rng.lognormvariate(4, 1)) + rng.randbytes(
                int(rng.lognormvariate(8, 1.5))))
        mails = sorted((self.root / "mail").iterdir())
        for path in rng.sample(mails, len(mails) // 60):
            path.unlink()


class Vectors(Source):
    """A vector store: each day appends a segment of float32 and marks a few vectors of older ones
    as deleted; four segments of like size are merged into one without what was deleted."""
    name = "vectors"
    WIDTH, FAN = 96, 4

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.root = work / "vectors"
        self.root.mkdir()
        self.folders = {"vectors": (self.root, [])}
        self.segments, self.made = [], 0  # (tier, path, live row numbers)

    def rows(self, count):
        pack = struct.Struct(f"<{self.WIDTH}f")
        return [pack.pack(*(self.rng.gauss(0, 1) for _ in range(self.WIDTH)))
                for _ in range(count)]

    def add(self, tier, rows):
        path = self.root / f"segment{self.made:06}"
        self.made += 1
        path.write_bytes(b"".join(rows))
        self.segments.append({"tier": tier, "path": path, "rows": rows, "dead": set()})

    def merge(self, tier):
        same = [s for s in self.segments if s["tier"] == tier]
        if len(same) < self.FAN:
            return
        rows = [r for s in same for i, r in enumerate(s["rows"]) if i not in s["dead"]]
        for segment in same:
            self.segments.remove(segment)
            for path in (segment["path"], segment["path"].with_suffix(".deleted")):
                path.unlink(missing_ok=True)
        self.add(tier + 1, rows)
        self.merge(tier + 1)

    def live_through(self, day):
        first = 6 if day == 0 else 1  # a store that has lived before
        for _ in range(first):
            self.add(0, self.rows(max(8, round(1200 * self.scale * how_busy(self.rng, day)))))
        for segment in self.segments:
            count = len(segment["rows"])
            fresh = [i for i in range(count) if self.rng.random() < 0.004]
            if fresh:
                segment["dead"].update(fresh)
                listed = b"".join(struct.pack("<I", i) for i in sorted(segment["dead"]))
                segment["path"].with_suffix(".deleted").write_bytes(listed)
        self.merge(0)


class Lance(Source):
    """A Lance table of vectors under adding, updating and deleting, merged on Sundays."""
    name = "lance"
    SCRIPT = pathlib.Path(__file__).with_name("lance_table.cjs")

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.root, self.seed = work / "lance", seed
        self.root.mkdir()
        self.folders = {"lance": (self.root, [])}

    @staticmethod
    def missing():
        found = shutil.which("node") and subprocess.run(
            ["node", "-e", "require.resolve('@lancedb/lancedb')"], capture_output=True,
            check=False).returncode == 0
        return "" if found else ("a Lance table needs node and its package: npm install "
                                 "@lancedb/lancedb, and NODE_PATH names the folder node_modules")

    def live_through(self, day):
        rows = max(8, round(1000 * self.scale * how_busy(self.rng, day)))
        subprocess.run(["node", self.SCRIPT, self.root, str(day), str(rows), str(self.seed)],
                       check=True, stdin=subprocess.DEVNULL)


ALL = {"postgres": Postgres, "logs": Logs, "vectors": Vectors, "lance": Lance,
       "mariadb": sources_mariadb.MariaDb, **sources_files.KINDS}
KINDS = tuple(ALL)
