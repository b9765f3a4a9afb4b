"""How each tool is called. Encryption is on everywhere."""
import os
import shutil


class Backcast:
    name = "backcast"
    environment = {}

    def __init__(self, program, work):
        self.program = program
        self.password = os.path.join(work, "password")

    def _call(self, *arguments):
        return [self.program, *arguments]

    def init(self, repository):
        return self._call("init", repository, "--passphrase-file", self.password)

    def backup(self, repository, source, number):
        return self._call("backup", repository, source, "--quiet")

    def restore(self, repository, target, number):
        # The peers do not wait for the disk either.
        return self._call("restore", repository, "latest", "--target", target, "--quiet",
                          "--no-sync", "--passphrase-file", self.password)

    def check(self, repository):
        return self._call("check", repository, "--read-data", "--quiet")

    def open_all(self, repository):
        return self._call("check", repository, "--open-data", "--quiet",
                          "--passphrase-file", self.password)

    def unlock(self, repository):
        return self._call("key", "writer", repository, "--passphrase-file", self.password)

    def forget_and_prune(self, repository):
        return [self._call("forget", repository, "--policy", "restic: --keep-last 1",
                           "--max-delete", "all", "--quiet"),
                self._call("prune", repository, "--grace", "0", "--quiet")]


class Restic:
    name = "restic"

    def __init__(self, work):
        self.environment = {"RESTIC_PASSWORD_FILE": os.path.join(work, "password")}

    def init(self, repository):
        return ["restic", "init", "-r", repository, "--repository-version", "2"]

    def backup(self, repository, source, number):
        return ["restic", "-q", "-r", repository, "backup", source, "--compression", "auto"]

    def restore(self, repository, target, number):
        return ["restic", "-q", "-r", repository, "restore", "latest", "--target", target]

    def check(self, repository):
        return ["restic", "-q", "-r", repository, "check", "--read-data"]

    def unlock(self, repository):
        return None

    def forget_and_prune(self, repository):
        return [["restic", "-q", "-r", repository, "forget", "--keep-last", "1", "--prune"]]


class Borg:
    def __init__(self, compression, work):
        self.compression = compression
        self.name = "borg-" + compression.replace(",", "")
        self.environment = {"BORG_PASSPHRASE": open(os.path.join(work, "password")).read().strip(),
                            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}

    def init(self, repository):
        return ["borg", "init", "-e", "repokey", repository]

    def backup(self, repository, source, number):
        return ["borg", "create", "-C", self.compression, "%s::g%d" % (repository, number), source]

    def restore(self, repository, target, number):
        # borg extracts into the working folder.
        return ["sh", "-c", 'cd "$1" && exec borg extract "$2"', "sh", target,
                "%s::g%d" % (repository, number)]

    def check(self, repository):
        return ["borg", "check", "--verify-data", repository]

    def unlock(self, repository):
        return None

    def forget_and_prune(self, repository):
        return [["borg", "prune", "--keep-last", "1", repository], ["borg", "compact", repository]]


def available(backcast, work):
    os.makedirs(work, exist_ok=True)
    with open(os.path.join(work, "password"), "w") as out:
        out.write("benchmark\n")
    found = [Backcast(backcast, work)]
    for program, make in (("restic", [lambda: Restic(work)]),
                          ("borg", [lambda: Borg("lz4", work), lambda: Borg("zstd,3", work)])):
        if shutil.which(program):
            found += [one() for one in make]
        else:
            print("NOT COMPARED: %s is not installed" % program)
    return found
