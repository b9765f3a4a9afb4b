#!/usr/bin/env python3
"""Runs console transcripts and compares what the commands print with what the transcript says.

A transcript is a *.console file or the ```console blocks of a Markdown page; README.md beside this
file describes the form. With BACKCAST_UPDATE_GOLDEN=1 a transcript that differs is rewritten.
"""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

STDERR_MARK = "2> "
NO_NEWLINE = "[no newline at end]"
CARRIAGE_RETURN = "␍"
WILDCARD = "…"
TIMEOUT_SECONDS = 300


class Step:
    """One command with the lines it is expected to print; `first` and `last` bound those lines."""

    def __init__(self, command, first, last, lines):
        self.command = command
        self.first = first
        self.last = last
        self.expected = lines[first:last]


def parse(lines, first, last):
    """The steps among lines[first:last]; other lines may stand before the first command only."""
    steps = []
    at = first
    while at < last:
        line = lines[at]
        at += 1
        if not line.startswith("$ "):
            if line.strip() and not line.startswith("#"):
                raise ValueError(f"line {at}: expected a command (\"$ …\") or a comment (\"# …\")")
            continue
        command = [line[2:]]
        while at < last and lines[at].startswith("> "):
            command.append(lines[at][2:])
            at += 1
        begin = at
        while at < last and not lines[at].startswith("$ "):
            at += 1
        steps.append(Step("\n".join(command), begin, at, lines))
    return steps


def without_layout(lines):
    """The lines without the blank lines, and the comments after a blank line, that end them."""
    end = len(lines)
    while True:
        comment = end
        while comment > 0 and lines[comment - 1].startswith("#"):
            comment -= 1
        if comment > 0 and not lines[comment - 1].strip():
            end = comment - 1
        else:
            return lines[:end]


def console_blocks(lines):
    """The (first, last) line ranges inside ```console fences of a Markdown page."""
    begin = None
    for at, line in enumerate(lines):
        if begin is None and re.match(r"```console\s*$", line):
            begin = at + 1
        elif begin is not None and line.startswith("```"):
            yield begin, at
            begin = None
    if begin is not None:
        raise ValueError(f"line {begin}: ```console is not closed")


def shown(data, mark):
    """Output bytes as transcript lines."""
    if not data:
        return []
    text = data.decode("utf-8", "backslashreplace").replace("\r\n", CARRIAGE_RETURN + "\n")
    ended = text.endswith("\n")
    lines = [mark + line for line in (text[:-1] if ended else text).split("\n")]
    return lines if ended else lines + [NO_NEWLINE]


def matches(expected, actual):
    """Whether the lines agree; … stands for any text, alone on a line for any number of lines."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == WILDCARD
        else ".*".join(map(re.escape, line.split(WILDCARD))) + "\n"
        for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in actual)) is not None


class Runner:
    """Runs the steps of one transcript in a scratch folder of its own."""

    def __init__(self, backcast, root, case, scratch, update):
        self.case = case
        self.scratch = scratch
        self.update = update
        self.failures = []
        self.environment = {
            "PATH": f"{backcast.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(scratch), "TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "100",
            "BACKCAST_PROGRAM": str(backcast),
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        for name in ("scenarios", "docs"):
            if (root / name).is_dir():
                shutil.copytree(root / name, scratch / name)
        shutil.copy(root / "run", scratch / "run")
        if case.suffix == ".console":
            for file in case.parent.iterdir():
                if file.is_file() and file.suffix != ".console":
                    shutil.copy(file, scratch / file.name)

    def run(self, step, merged):
        """What the step prints, as transcript lines."""
        words = step.command.split()
        if words[0] == "golden":
            return self.compare_file(words[1])
        done = subprocess.run(
            ["bash", "-c", step.command], cwd=self.scratch, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            timeout=TIMEOUT_SECONDS, check=False)
        lines = shown(done.stdout, "")
        if not merged:
            lines += shown(done.stderr, STDERR_MARK)
        if done.returncode != 0:
            lines.append(f"[exit {done.returncode}]")
        return lines

    def compare_file(self, name):
        """The built-in command `golden FILE`: FILE in the scratch folder against the kept one."""
        kept = self.case.with_name(f"{self.case.stem}.{name}")
        actual = (self.scratch / name).read_bytes()
        if kept.exists() and kept.read_bytes() == actual:
            return []
        if self.update:
            kept.write_bytes(actual)
            return []
        before = kept.read_text("utf-8", "replace").splitlines() if kept.exists() else []
        after = actual.decode("utf-8", "replace").splitlines()
        self.failures.append("\n".join(
            list(difflib.unified_diff(before, after, kept.name, name, lineterm="", n=1))[:60]))
        return []


def run_transcript(case, backcast, root, update):
    """Runs one transcript; returns the number of commands and the failures as texts."""
    text = case.read_text("utf-8")
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    merged = case.suffix == ".md"
    ranges = list(console_blocks(lines)) if merged else [(0, len(lines))]
    steps = [step for first, last in ranges for step in parse(lines, first, last)]
    with tempfile.TemporaryDirectory(prefix="backcast-golden-") as scratch:
        runner = Runner(backcast, root, case, pathlib.Path(scratch), update)
        replaced = []
        for step in steps:
            actual = runner.run(step, merged)
            expected = without_layout(step.expected)
            if matches(expected, without_layout(actual)):
                continue
            if update:
                layout = step.expected[len(expected):]
                replaced.append((step.first, step.last, actual + layout))
                continue
            difference = difflib.unified_diff(expected, actual, "expected", "actual", lineterm="")
            runner.failures.append(
                f"{case}:{step.first}: $ {step.command}\n" + "\n".join(difference))
    for first, last, actual in reversed(replaced):
        lines[first:last] = actual
    if replaced:
        case.write_text("\n".join(lines) + "\n", "utf-8")
        print(f"updated {case}: {len(replaced)} of {len(steps)} commands")
    return len(steps), runner.failures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backcast", required=True, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("--root", required=True, type=lambda p: pathlib.Path(p).resolve())
    parser.add_argument("cases", nargs="+", type=lambda p: pathlib.Path(p).resolve())
    args = parser.parse_args()
    update = os.environ.get("BACKCAST_UPDATE_GOLDEN", "") not in ("", "0")
    failed = False
    for case in args.cases:
        count, failures = run_transcript(case, args.backcast, args.root, update)
        for failure in failures:
            print(failure)
        if failures:
            print("If the change is meant: BACKCAST_UPDATE_GOLDEN=1 ctest -L golden, "
                  "then read the diff.")
        failed = failed or bool(failures)
        print(f"{case.name}: {count} commands, {len(failures)} differ")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
