"""More that lives while histories are recorded, plain files made by a seed: a project with
jumps, machines made from one image, disk images, photographs, mail and a small database in a
file. What is drawn here is as living.py has it."""
import base64
import sqlite3

from living import SUNDAY, WORDS, Source, how_busy

BLOCK = 4096


def overwrite(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


class Files(Source):
    """One folder of files, which is one history."""
    history = ""

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.root = work / self.name
        self.root.mkdir()
        self.folders = {self.history or self.name: (self.root, [])}

    def some(self, mean):
        """A whole number around the mean, at least 0."""
        whole = int(mean)
        return whole + (self.rng.random() < mean - whole)

    def bytes(self, median, spread):
        return self.rng.randbytes(max(64, int(self.rng.lognormvariate(0, spread) * median)))

    def rewrite_part(self, path):
        """A stretch of the file becomes other bytes, as an edit does."""
        size = path.stat().st_size
        length = min(size, max(256, int(size * self.rng.uniform(0.01, 0.3))))
        overwrite(path, self.rng.randrange(size - length + 1), self.rng.randbytes(length))


class Jumps(Files):
    """A project's files under edits, to which things happen: a migration rewrites most of them, a
    purge deletes a third, an import adds half as much again, and for a quarter nearly nobody works.
    Their days are drawn."""
    name = "jumps"
    QUIET_DAYS = 60

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        days = self.rng.sample(range(50, 150), 4)
        self.happens = dict(zip(days, ("migration", "purge", "import", "quiet")))
        self.quiet_until, self.made = -1, 0

    def add(self, count):
        for _ in range(count):
            self.made += 1
            (self.root / f"{self.made:06}").write_bytes(self.bytes(40_000, 1))

    def live_through(self, day):
        if day == 0:
            self.add(round(300 * self.scale))
        files, event = sorted(self.root.iterdir()), self.happens.get(day)
        if event == "migration":
            for path in self.rng.sample(files, len(files) * 4 // 5):
                path.write_bytes(self.rng.randbytes(path.stat().st_size))
        elif event == "purge":
            for path in self.rng.sample(files, len(files) // 3):
                path.unlink()
        elif event == "import":
            self.add(len(files) // 2)
        elif event == "quiet":
            self.quiet_until = day + self.QUIET_DAYS
        busy = how_busy(self.rng, day) * (0.05 if day < self.quiet_until else 1) * self.scale
        files = sorted(self.root.iterdir())
        for _ in range(self.some(14 * busy)):  # the newest are edited most
            place = int(len(files) * (1 - self.rng.random() ** 3))
            self.rewrite_part(files[min(place, len(files) - 1)])
        self.add(self.some(2.5 * busy))
        for path in self.rng.sample(files, min(self.some(1.2 * busy), len(files) - 1)):
            path.unlink()


class Machines(Files):
    """Six machines made from one image. Updates of packages reach each of them within days; what is
    its own, data and settings, each changes alone; now and then one is made anew."""
    name = "machines"
    COUNT, PACKAGES = 6, 120

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.packages = [self.bytes(60_000, 1) for _ in range(round(self.PACKAGES * scale))]
        self.waiting = []  # (day, machine, package, bytes)
        for machine in range(self.COUNT):
            self.make(machine)

    def make(self, machine):
        folder = self.root / f"machine{machine}"
        for part in ("usr", "data"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for number, data in enumerate(self.packages):
            (folder / "usr" / f"package{number:04}").write_bytes(data)
        for number in range(12):
            (folder / "data" / f"file{number:02}").write_bytes(self.bytes(60_000 * self.scale, 1))

    def live_through(self, day):
        busy = how_busy(self.rng, day)
        for _ in range(self.some(1.5 * busy) if day % 7 < 5 else 0):
            number = self.rng.randrange(len(self.packages))
            self.packages[number] = self.rng.randbytes(len(self.packages[number]))
            for machine in range(self.COUNT):
                self.waiting.append((day + self.some(self.rng.expovariate(0.7)), machine, number,
                                     self.packages[number]))
        for due in [one for one in self.waiting if one[0] <= day]:
            self.waiting.remove(due)
            (self.root / f"machine{due[1]}" / "usr" / f"package{due[2]:04}").write_bytes(due[3])
        for machine in range(self.COUNT):
            files = sorted((self.root / f"machine{machine}" / "data").iterdir())
            for _ in range(self.some(2 * busy)):
                self.rewrite_part(self.rng.choice(files))
        if self.rng.random() < 1 / 60:
            self.make(self.rng.randrange(self.COUNT))


class Images(Files):
    """Two disks of virtual machines, raw: blocks are written where the file system puts them, in
    stretches, the same places again and again; a log goes round in a ring; once in a while an
    upgrade writes a twentieth anew."""
    name = "images"
    DISK_BYTES = 40 << 20

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.blocks = int(self.DISK_BYTES * scale) // BLOCK
        self.disks = []
        for number in range(2):
            path = self.root / f"disk{number}.raw"
            used = self.blocks // 2
            path.write_bytes(self.rng.randbytes(used * BLOCK) + bytes((self.blocks - used) * BLOCK))
            self.disks.append({"path": path, "used": used, "ring": 0})

    def live_through(self, day):
        for disk in self.disks:
            busy = how_busy(self.rng, day)
            for _ in range(self.some(30 * busy)):
                length = min(self.some(1 + self.rng.expovariate(0.25)) + 1, 64)
                hot = self.rng.random() < 0.8
                span = disk["used"] // 10 if hot else disk["used"]
                place = self.rng.randrange(max(1, span - length))
                overwrite(disk["path"], place * BLOCK, self.rng.randbytes(length * BLOCK))
            grown = min(self.some(6 * busy * self.scale), self.blocks - disk["used"])
            overwrite(disk["path"], disk["used"] * BLOCK, self.rng.randbytes(grown * BLOCK))
            disk["used"] += grown
            ring = self.blocks // 40
            for _ in range(max(1, self.some(ring * 0.2 * busy))):
                overwrite(disk["path"], (disk["used"] // 4 + disk["ring"]) * BLOCK,
                          self.rng.randbytes(BLOCK))
                disk["ring"] = (disk["ring"] + 1) % ring
            if self.rng.random() < 1 / 45:
                length = disk["used"] // 20
                place = self.rng.randrange(disk["used"] - length)
                overwrite(disk["path"], place * BLOCK, self.rng.randbytes(length * BLOCK))


class Photos(Files):
    """Pictures that come by the card: nothing for days, then hundreds. Few are deleted, mostly
    within a week; each has a small file beside it that is edited; the catalogue is written anew."""
    name = "photos"

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.made = 0
        self.catalogue = bytearray(self.rng.randbytes(int(600_000 * scale)))

    def shoot(self, day, count):
        for _ in range(count):
            self.made += 1
            (self.root / f"{day:04}-{self.made:06}.jpg").write_bytes(self.bytes(90_000, 0.5))
            (self.root / f"{day:04}-{self.made:06}.xmp").write_bytes(self.bytes(900, 0.2))

    def live_through(self, day):
        if day == 0:
            self.shoot(0, round(250 * self.scale))
        elif self.rng.random() < (0.35 if day % 7 >= 5 else 0.08):
            self.shoot(day, round(self.rng.lognormvariate(2.8, 0.9) * self.scale) + 1)
        pictures = sorted(self.root.glob("*.jpg"))
        for _ in range(self.some(0.5)):
            place = int(len(pictures) * (1 - self.rng.random() ** 4))
            path = pictures.pop(min(place, len(pictures) - 1))
            path.unlink()
            path.with_suffix(".xmp").unlink()
        for path in self.rng.sample(pictures, min(len(pictures), self.some(8))):
            path.with_suffix(".xmp").write_bytes(self.bytes(900, 0.2))
        for _ in range(6):
            place = self.rng.randrange(len(self.catalogue) - 4000)
            self.catalogue[place:place + 4000] = self.rng.randbytes(4000)
        self.catalogue += self.rng.randbytes(400)
        (self.root / "catalogue").write_bytes(self.catalogue)


class Mail(Files):
    """Mail: one folder of a file each, and three mailboxes that are one file each, grow at their
    end and are cleaned and packed on Sundays; some of it has attachments."""
    name = "mail"

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.made = 0
        self.boxes = {f"box{number}": [] for number in range(3)}
        (self.root / "new").mkdir()
        for day in range(-60, 0):
            self.receive(day)

    def message(self, day):
        rng = self.rng
        words = " ".join(rng.choice(WORDS) for _ in range(int(rng.lognormvariate(4.5, 0.8))))
        text = f"From {rng.randrange(500)} day {day}\n{words}\n".encode()
        if rng.random() < 0.12:
            text += base64.encodebytes(rng.randbytes(int(rng.lognormvariate(10.5, 1))))
        return text + b"\n"

    def receive(self, day):
        busy = how_busy(self.rng, day) * self.scale
        for _ in range(self.some(35 * busy)):
            self.made += 1
            (self.root / "new" / f"{self.made:07}").write_bytes(self.message(day))
        for messages in self.boxes.values():
            messages.extend(self.message(day) for _ in range(self.some(12 * busy)))

    def live_through(self, day):
        self.receive(day)
        kept = sorted((self.root / "new").iterdir())
        for path in self.rng.sample(kept, min(len(kept), self.some(len(kept) / 90))):
            path.unlink()
        for name, messages in self.boxes.items():
            if day % 7 == SUNDAY:
                messages[:] = [m for m in messages if self.rng.random() > 0.04]
            (self.root / name).write_bytes(b"".join(messages))


class Ledger(Files):
    """A SQLite database of accounts and movements: rows are added, the newest changed most, old
    ones deleted each month and the file vacuumed."""
    name = "ledger"
    history = "sqlite"

    def __init__(self, work, seed, scale):
        super().__init__(work, seed, scale)
        self.base = sqlite3.connect(self.root / "ledger.db")
        self.base.executescript(
            "pragma journal_mode=off; pragma synchronous=off;"
            "create table moves (id integer primary key, day int, account int, text blob);"
            "create index by_account on moves (account);")
        for day in range(-40, 0):
            self.post(day)

    def __exit__(self, *_):
        self.base.close()

    def post(self, day):
        busy, rng = how_busy(self.rng, day) * self.scale, self.rng
        rows = [(day, rng.randrange(5000), rng.randbytes(rng.randrange(100, 700)))
                for _ in range(self.some(400 * busy))]
        self.base.executemany("insert into moves (day, account, text) values (?, ?, ?)", rows)
        (newest,) = self.base.execute("select max(id) from moves").fetchone()
        for _ in range(self.some(150 * busy)):
            row = newest - int(rng.expovariate(1 / 4000))
            self.base.execute("update moves set text = ? where id = ?", (rng.randbytes(300), row))
        self.base.commit()

    def live_through(self, day):
        self.post(day)
        if day % 30 == 29:
            self.base.execute("delete from moves where day < ?", (day - 90,))
            self.base.commit()
            self.base.execute("vacuum")


KINDS = {kind.name: kind for kind in (Jumps, Machines, Images, Photos, Mail, Ledger)}
