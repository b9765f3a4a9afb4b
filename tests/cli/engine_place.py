"""A folder with a repository, a source and keys of its own, and the program to run there."""
import json
import os
import subprocess
import sys

PROGRAM = os.path.abspath(sys.argv[1])


class Place:
    def __init__(self, folder):
        self.folder = folder
        self.env = dict(os.environ, XDG_CONFIG_HOME=self.path("config"),
                        XDG_CACHE_HOME=self.path("cache"), HOME=folder)
        for name in list(self.env):
            if name.startswith("BACKCAST_"):
                del self.env[name]
        self.write("pass", "one\n")
        self.write("pass2", "two\n")
        self.repository = self.path("repository")
        self.source = self.path("source")

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as out:
            out.write(text.encode() if isinstance(text, str) else text)

    def run(self, *arguments, code=0, given=b"", secret="pass"):
        command = [PROGRAM, *arguments]
        if secret:
            command += ["--passphrase-file", self.path(secret)]
        done = subprocess.run(command, env=self.env, input=given, capture_output=True, cwd="/",
                              start_new_session=True, timeout=120)
        assert done.returncode == code, "%s: exit %d, expected %d\n%s%s" % (
            " ".join(command), done.returncode, code, done.stdout.decode(), done.stderr.decode())
        self.errors = done.stderr.decode()
        return done.stdout.decode()

    def json(self, *arguments, **more):
        return json.loads(self.run(*arguments, "--json", **more).splitlines()[-1])
