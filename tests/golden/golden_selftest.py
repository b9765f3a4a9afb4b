#!/usr/bin/env python3
"""Proves that golden.py notices each kind of difference, and that updating repairs it."""

import pathlib
import tempfile
import unittest

import golden

PROGRAM = """#!/bin/sh
case "$1" in
  say) shift; echo "$@" ;;
  complain) echo "wrong" >&2; exit 2 ;;
  rows) printf 'a,b\\r\\n1,2' ;;
esac
"""


class GoldenTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        (self.root / "run").write_text("")
        self.program = self.root / "bin" / "backcast"
        self.program.parent.mkdir()
        self.program.write_text(PROGRAM)
        self.program.chmod(0o755)

    def failures(self, text, name="a.console", update=False):
        self.case = self.root / name
        self.case.write_text(text, "utf-8")
        return golden.run_transcript(self.case, self.program, self.root, update)[1]

    def test_accepts_what_is_printed(self):
        self.assertEqual(self.failures("# why\n$ backcast say hello\nhello\n"), [])
        self.assertEqual(self.failures("$ backcast complain\n2> wrong\n[exit 2]\n"), [])
        self.assertEqual(self.failures("$ backcast rows\na,b␍\n1,2\n[no newline at end]\n"), [])

    def test_notices_text_stream_and_exit_code(self):
        self.assertTrue(self.failures("$ backcast say hello\nhullo\n"))
        self.assertTrue(self.failures("$ backcast say hello\n"))
        self.assertTrue(self.failures("$ backcast say hello\nhello\nmore\n"))
        self.assertTrue(self.failures("$ backcast complain\nwrong\n[exit 2]\n"))
        self.assertTrue(self.failures("$ backcast complain\n2> wrong\n[exit 1]\n"))
        self.assertTrue(self.failures("$ backcast complain\n2> wrong\n"))
        self.assertTrue(self.failures("$ backcast rows\na,b\n1,2\n[no newline at end]\n"))

    def test_wildcards_stand_for_text_or_lines(self):
        command = "$ printf 'one 1\\ntwo\\nthree\\n'\n"
        self.assertEqual(self.failures(command + "one …\ntwo\nthree\n"), [])
        self.assertEqual(self.failures(command + "…\nthree\n"), [])
        self.assertTrue(self.failures(command + "two …\n…\n"))

    def test_pages_run_only_console_blocks_with_streams_merged(self):
        page = "text\n```console\n$ backcast complain\nwrong\n[exit 2]\n```\n```sh\n$ false\n```\n"
        self.assertEqual(self.failures(page, "page.md"), [])
        self.assertTrue(self.failures(page.replace("wrong", "right"), "page.md"))
        with self.assertRaises(ValueError):
            self.failures("```console\n$ true\n", "open.md")

    def test_commands_share_a_folder_and_may_span_lines(self):
        self.assertEqual(
            self.failures("$ cat > x <<E\n> text\n> E\n$ cat x\ntext\n"), [])

    def test_update_rewrites_only_what_differs(self):
        before = "# why\n$ backcast say …\n…\n\n$ backcast say two\n2\n\n$ echo three\nthree\n"
        self.assertEqual(self.failures(before, update=True), [])
        self.assertEqual(self.case.read_text("utf-8"), before.replace("\n2\n", "\ntwo\n"))

    def test_kept_files_are_compared_byte_by_byte(self):
        text = "$ backcast say hello > out.txt\n$ golden out.txt\n"
        self.assertTrue(self.failures(text))
        self.assertEqual(self.failures(text, update=True), [])
        self.assertEqual((self.root / "a.out.txt").read_text(), "hello\n")
        self.assertEqual(self.failures(text), [])
        self.assertTrue(self.failures(text.replace("hello", "other")))

    def test_comments_between_commands_are_not_output(self):
        text = "$ backcast say a\na\n\n# why\n# more\n$ backcast say b\nb\n"
        self.assertEqual(self.failures(text), [])
        self.assertTrue(self.failures(text.replace("a\n\n# why", "a\n# why")))
        self.assertEqual(self.failures(text.replace("a\n\n", "c\n\n"), update=True), [])
        self.assertEqual(self.case.read_text("utf-8"), text)

    def test_stray_text_is_an_error(self):
        with self.assertRaises(ValueError):
            self.failures("backcast say hello\n")


if __name__ == "__main__":
    unittest.main()
