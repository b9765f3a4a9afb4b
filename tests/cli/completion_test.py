#!/usr/bin/env python3
"""Completions and the manual page say what the parser says: checked against --help of every verb,
and by asking the shells themselves. Usage: completion_test.py PATH_OF_BACKCAST"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BACKCAST = sys.argv.pop(1)
ENVIRONMENT = {"PATH": f"{os.path.dirname(BACKCAST)}:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
               "HOME": tempfile.gettempdir(), "TERM": "dumb"}


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60,
                          check=False, **options)


def backcast(*words):
    done = run(BACKCAST, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def section(text, title):
    found = re.search(rf"^{title}:\n((?:[ ]+.*\n)*)", text, re.M)
    return re.findall(r"^  (\S+)", found.group(1), re.M) if found else []


def grammar(path=()):
    """{path: options} of every verb, read from the help texts."""
    text = backcast(*path, "--help")
    flags = [flag for word in section(text, "Options") for flag in word.split(",")]
    verbs = {path: flags}
    for verb in section(text, "Subcommands"):
        verbs.update(grammar(path + (verb,)))
    return verbs


class CompletionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.grammar = grammar()

    def script(self, shell):
        file = tempfile.NamedTemporaryFile("w", suffix="." + shell, delete=False)
        self.addCleanup(os.unlink, file.name)
        with file:
            file.write(backcast("completion", shell))
        return file.name

    def bash(self, *words):
        done = run("bash", "-c", f'source "{self.script("bash")}"; COMP_WORDS=("$@"); '
                   'COMP_CWORD=$(($# - 1)); _backcast; printf "%s\\n" "${COMPREPLY[@]}"',
                   "bash", "backcast", *words)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def fish(self, line):
        done = run("fish", "--no-config", "-c",
                   f'source {self.script("fish")}; complete -C "backcast {line}"')
        self.assertEqual(done.stderr, "")
        return [answer.split("\t")[0] for answer in done.stdout.splitlines()]

    def test_help_is_understood(self):
        self.assertIn(("prices", "show"), self.grammar)
        self.assertIn("--zone", self.grammar[("schedule",)])
        self.assertGreater(len(self.grammar), 6)

    def test_bash_offers_every_verb_and_option(self):
        for path, flags in self.grammar.items():
            offered = self.bash(*path, "") + self.bash(*path, "-")
            verbs = [p[-1] for p in self.grammar if len(p) == len(path) + 1 and p[:-1] == path]
            self.assertLessEqual(set(flags) | set(verbs), set(offered), path)
        self.assertEqual(self.bash("sched"), ["schedule"])
        self.assertEqual(self.bash("--color", "a"), ["auto", "always"])
        self.assertEqual(self.bash("schedule", "--color", "n"), ["never"])
        self.assertEqual(self.bash("completion", "f"), ["fish"])
        self.assertEqual(self.bash("prices", "show", "--fil"), ["--filter"])
        # Scenarios by name and by file; the value of an option is none.
        self.assertEqual(self.bash("simulate", "zerops-d"), ["zerops-defaults"])
        self.assertEqual(self.bash("validate", "--quiet", "zerops-d"), ["zerops-defaults"])
        self.assertEqual(self.bash("simulate", "--report", "zerops-d"), [])
        with tempfile.TemporaryDirectory() as folder:
            for name in ("plan.json", "plan.yaml", "plan.html"):
                open(os.path.join(folder, name), "w").close()
            self.assertEqual(self.bash("simulate", folder + "/pl"),
                             [folder + "/plan.json", folder + "/plan.yaml"])

    def test_fish_offers_every_verb_and_option(self):
        self.assertTrue(shutil.which("fish"), "./run test installs fish")
        for path, flags in self.grammar.items():
            typed = " ".join(path) + (" " if path else "")
            verbs = [p[-1] for p in self.grammar if len(p) == len(path) + 1 and p[:-1] == path]
            self.assertLessEqual(set(verbs), set(self.fish(typed)), path)
            long_flags = {flag for flag in flags if flag.startswith("--")}
            self.assertLessEqual(long_flags, set(self.fish(typed + "--")), path)
        self.assertEqual(self.fish("--color n"), ["never"])
        self.assertNotIn("schedule", self.fish("prices "))
        self.assertIn("zerops-defaults", self.fish("simulate zer"))

    def test_zsh_reads_the_script_and_it_names_everything(self):
        self.assertTrue(shutil.which("zsh"), "./run test installs zsh")
        script = self.script("zsh")
        done = run("zsh", "-n", script)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        with open(script, encoding="utf-8") as file:
            text = file.read()
        for path, flags in self.grammar.items():
            body = text.split("\n_backcast" + "".join("_" + word for word in path) + "() {")[1]
            body = body.split("\n}\n")[0]
            for flag in flags:
                self.assertIn(f"'{flag}[", body, path)

    def test_manual_page_is_clean_and_names_everything(self):
        page = backcast("man")
        done = run("groff", "-man", "-Tutf8", "-ww", "-z", input=page)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = page.replace("\\-", "-")
        for path, flags in self.grammar.items():
            self.assertIn(" ".join(("backcast",) + path), text)
            for flag in flags:
                self.assertIn(flag, text)
        environment = text.split(".SH ENVIRONMENT")[1]
        for name in ("BACKCAST_REPOSITORY", "BACKCAST_PASSPHRASE_FILE", "XDG_CONFIG_HOME"):
            self.assertIn(f"\\fB{name}\\fR", environment)


if __name__ == "__main__":
    unittest.main()
