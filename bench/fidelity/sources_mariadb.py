"""A real MariaDB under load, recorded as living.py has it. The same seed gives it the same
statements and the same dumps; its files depend on its clock."""
import os
import shutil
import subprocess
import time

from living import SUNDAY, WORDS, Source, how_busy


def program(name):
    """Where a program is; the server's is beside the search path of plain users."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def text(rng, words):
    return " ".join([*rng.choices(WORDS, k=words), f"{rng.randrange(1 << 40):010x}"])


def rows(table, values):
    """Statements that insert many rows, each of which stays far below the server's packet."""
    for begin in range(0, len(values), 2000):
        yield f"insert into {table} values {','.join(values[begin:begin + 2000])};\n"


class MariaDb(Source):
    """A shop that grows slowly and has traded for eight weeks already: customers updated anywhere,
    orders with their lines, of which the newest are updated most, and a stock whose hot rows change
    many times a day. On Sundays what is older than eight weeks is deleted, and every fourth time
    the tables that lost rows are rewritten. Recorded are the data folder of the stopped server
    without its log of changes, and a plain dump."""
    name = "mariadb"
    PROGRAMS = ("mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin", "mariadb-dump")
    KEPT_DAYS, GROWTH_PER_DAY = 56, 0.001
    SETTINGS = ("skip-networking", "skip-log-bin", "innodb-buffer-pool-size=64M",
                "innodb-flush-log-at-trx-commit=0", "innodb-doublewrite=OFF",
                "innodb-flush-method=nosync", "innodb-buffer-pool-dump-at-shutdown=OFF")
    TABLES = """
        create table customers (id int primary key, mail varchar(80), seen int, visits int,
          about varchar(400), key (seen)) engine=InnoDB;
        create table stock (id int primary key, available int, sold int, title varchar(120))
          engine=InnoDB;
        create table orders (id int primary key, customer int, day int, state int,
          note varchar(200), key (customer), key (day)) engine=InnoDB;
        create table order_lines (id int, line int, product int, pieces int, cents int,
          primary key (id, line), key (product)) engine=InnoDB;
        """

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.data, self.dump, self.run = work / "data", work / "dump", work / "run"
        # The server refuses to run as root.
        self.user = "mysql" if os.getuid() == 0 else None
        for folder in (self.data, self.dump, self.run):
            folder.mkdir()
            if self.user:
                shutil.chown(folder, self.user)
        self.folders = {"mariafiles": (self.data, ["ib_logfile*", "ibtmp*", "aria_log*",
                                                   "ddl_recovery*", "ib_buffer_pool"]),
                        "mariadump": (self.dump, [])}
        self.customers, self.products = round(240_000 * scale), round(16_000 * scale)
        self.server, self.orders = None, 0

    @staticmethod
    def missing():
        lacks = [name for name in MariaDb.PROGRAMS if not program(name)]
        return f"MariaDB's {', '.join(lacks)} not installed" if lacks else ""

    def command(self, name, *arguments):
        return [program(name), *map(str, arguments)]

    def client(self, name, *arguments):
        return self.command(name, "--no-defaults", f"--socket={self.run}/socket", "--user=root",
                            *arguments)

    def call(self, command, **options):
        subprocess.run(command, check=True, user=self.user, cwd=self.work,
                       **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **options})

    def sql(self, statements):
        script = self.work / "day.sql"
        with open(script, "w", encoding="ascii") as out:
            out.writelines(statements)
        with open(script, "rb") as out:
            self.call(self.client("mariadb", "shop"), stdin=out)

    def __enter__(self):
        self.call(self.command("mariadb-install-db", "--no-defaults", f"--datadir={self.data}",
                               f"--tmpdir={self.run}", "--skip-test-db",
                               "--auth-root-authentication-method=normal"))
        self.start()
        self.call(self.client("mariadb", "-e", "create database shop"))
        rng = self.rng
        self.sql([self.TABLES, "begin;\n", *rows("customers", [
            f"({i},'{text(rng, 2)}',0,0,'{text(rng, 24)}')" for i in range(self.customers)]),
            *rows("stock", [f"({i},1000,0,'{text(rng, 8)}')" for i in range(self.products)]),
            "commit;\n"])
        # Which products are hot has nothing to do with where they stand.
        self.ranked = rng.sample(range(self.products), self.products)
        for day in range(-self.KEPT_DAYS, 0):
            self.trade(day)
        self.stop()
        return self

    def __exit__(self, *_):
        if self.server:
            self.server.kill()
            self.server.wait()

    def start(self):
        options = [f"--{setting}" for setting in self.SETTINGS]
        with open(self.work / "server.log", "wb") as log:
            self.server = subprocess.Popen(
                self.command("mariadbd", "--no-defaults", f"--datadir={self.data}",
                             f"--socket={self.run}/socket", f"--pid-file={self.run}/pid",
                             f"--tmpdir={self.run}", *options),
                user=self.user, cwd=self.work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(600):
            if self.server.poll() is not None:
                break
            if subprocess.run(self.client("mariadb-admin", "ping"), capture_output=True,
                              check=False).returncode == 0:
                return
            time.sleep(0.1)
        told = (self.work / "server.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"the server does not start: {told}")

    def stop(self):
        self.call(self.client("mariadb-admin", "shutdown"))
        self.server.wait()
        self.server = None

    def product(self):
        """One in two of what is sold is among the hottest hundredth."""
        rank = int(self.rng.paretovariate(0.15)) - 1
        return self.ranked[rank] if rank < self.products else self.rng.randrange(self.products)

    def sales(self, day, count):
        """New orders with their lines, and what they take from the stock."""
        rng, orders, lines, taken = self.rng, [], [], []
        for _ in range(count):
            self.orders += 1
            orders.append(f"({self.orders},{rng.randrange(self.customers)},{day},0,"
                          f"'{text(rng, rng.randrange(12))}')")
            for line in range(1 + int(rng.expovariate(0.6))):
                product, pieces = self.product(), 1 + int(rng.expovariate(1.2))
                lines.append(f"({self.orders},{line},{product},{pieces},{rng.randrange(20_000)})")
                taken.append(f"update stock set available=available-{pieces},sold=sold+{pieces} "
                             f"where id={product};\n")
        return [*rows("orders", orders), *rows("order_lines", lines), *taken]

    def trade(self, day):
        rng = self.rng
        busy = how_busy(rng, day) * self.scale * (1 + self.GROWTH_PER_DAY) ** day
        statements = ["begin;\n", *self.sales(day, max(1, round(1600 * busy)))]
        for _ in range(round(2500 * busy)):
            age = int(rng.expovariate(1 / (4000 * self.scale)))
            statements.append("update orders set state=state+1,note=concat(left(note,150),' sent') "
                              f"where id={self.orders - age};\n")
        for _ in range(round(300 * busy)):
            statements.append(f"update customers set seen={day},visits=visits+1 "
                              f"where id={rng.randrange(self.customers)};\n")
        statements.append("update stock set available=available+1000 where available<100;\n"
                          "commit;\n")
        if day % 7 == SUNDAY:
            old = day - self.KEPT_DAYS
            statements.append("delete order_lines from order_lines join orders using (id) "
                              f"where day < {old}; delete from orders where day < {old};\n")
            if day % 28 == SUNDAY:
                statements.append("optimize table orders, order_lines;\n")
        self.sql(statements)

    def live_through(self, day):
        self.start()
        self.trade(day)
        with open(self.dump / "shop.sql", "wb") as out:
            self.call(self.client("mariadb-dump", "--skip-dump-date", "--order-by-primary",
                                  "--single-transaction", "shop"), stdout=out)
        self.stop()
