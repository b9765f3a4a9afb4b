#!/usr/bin/env python3
"""Installs a build, then compiles and runs the example against what was installed, alone.

usage: install_test.py BUILD_FOLDER
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(1))


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def one(self, pattern):
        found = list(self.prefix.glob(pattern))
        self.assertEqual(len(found), 1, f"{pattern}: {found}")
        return found[0]

    def test_the_program_and_what_it_writes_are_there(self):
        program = self.one("bin/backcast")
        empty = {"PATH": "/usr/bin:/bin"}
        self.assertIn("total 2.80 USD", run(program, "simulate", "zilliz-cross-region", env=empty,
                                            cwd=self.folder.name))
        for pattern, words in (("**/man1/backcast.1", ["man"]),
                               ("**/bash-completion/completions/backcast", ["completion", "bash"]),
                               ("**/vendor-completions/_backcast", ["completion", "zsh"]),
                               ("**/vendor_completions.d/backcast.fish", ["completion", "fish"])):
            self.assertEqual(self.one(pattern).read_text(), run(program, *words), pattern)

    def test_the_shipped_data_is_that_of_the_tree(self):
        tree = sorted((ROOT / "scenarios").rglob("*.json"))
        self.assertGreater(len(tree), 20)
        for file in tree:
            copy = self.prefix / "share/backcast" / file.relative_to(ROOT)
            self.assertEqual(copy.read_bytes(), file.read_bytes(), file)

    def test_headers_stand_on_each_other_and_the_standard_library(self):
        headers = sorted((self.prefix / "include/backcast").iterdir())
        self.assertGreaterEqual(len(headers), 5)
        names = {f"backcast/{header.name}" for header in headers}
        for header in headers:
            for include in re.findall(r"#\s*include\s*[<\"]([^>\"]+)", header.read_text()):
                self.assertTrue(include in names or re.fullmatch(r"[a-z_]+", include),
                                f"{header.name} includes {include}")
            run("c++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c++",
                f"-I{self.prefix / 'include'}", "-",
                input=f"#include <backcast/{header.name}>\n" * 2)

    def test_the_package_names_no_flag_of_this_build(self):
        for file in self.prefix.glob("**/cmake/backcast/*.cmake"):
            self.assertNotRegex(file.read_text(), r"Werror|fuse-ld|" + re.escape(str(ROOT)))

    def test_the_example_finds_simulates_prices_asks_and_restores(self):
        example = pathlib.Path(self.folder.name) / "example"
        run("cmake", "-G", "Ninja", "-S", ROOT / "examples/library", "-B", example,
            f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
        run("cmake", "--build", example)
        told = run(example / "example", example / "work",
                   env={**os.environ, "HOME": "/nonexistent"})
        self.assertEqual(told, "zilliz-cross-region HOLDS, 3 restore points, 2.80 USD\n"
                               "  20 GB-Months of backup storage at 0.02 = 0.4\n"
                               "  20 GB-Months of backup storage at 0.02 = 0.4\n"
                               "  20 GB of transfer at 0.02 = 0.4\n"
                               "  20 GB of transfer at 0.08 = 1.6\n"
                               "day 9 stays: daily snapshot\n"
                               "day 10 stays: daily snapshot\n"
                               "1 snapshot, 1 file restored: remember\n"
                               "another passphrase: code 12\n")


if __name__ == "__main__":
    unittest.main()
