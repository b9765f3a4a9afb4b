"""Whether a proof proves the product: which functions of the rule book does product code reach,
and which tests call only functions that it does not?

By words, not by types: a name that product code outside the rule book mentions is reached; so is
what the body of a reached function of the rule book mentions. A function of a common name is
therefore taken as reached.
"""

import collections
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "arch"))
import arch  # pylint: disable=wrong-import-position

RULE_BOOK = ("engine/policy",)
WORD = re.compile(r"[A-Za-z_]\w*")
DECLARATION = re.compile(r"(?!return|using|if|for)[A-Za-z][\w:<>,&* ]*[ &*>](\w+)\(")


def rule_functions(files):
    """(declared, reached): the free functions in headers of the rule book; every word reached."""
    declared, reached, bodies = set(), set(), collections.defaultdict(set)
    for path, text in arch.cpp_files(files).items():
        if not arch.is_product(path):
            continue
        lines = arch.without_comments_and_strings(text).splitlines()
        if not arch.is_in(path, RULE_BOOK):
            reached.update(WORD.findall("\n".join(lines)))
        elif path.endswith(".h"):
            declared.update(found.group(1) for found in map(DECLARATION.match, lines) if found)
        else:
            inside = set()
            for name, first, count in arch.functions(text):
                inside.update(range(first - 1, first - 1 + count))
                bodies[name.split("::")[-1]].update(
                    WORD.findall("\n".join(lines[first:first - 1 + count])))
            reached.update(word for at, line in enumerate(lines)
                           if at not in inside and not DECLARATION.match(line)
                           for word in WORD.findall(line))
    open_words = list(reached)
    while open_words:
        new = bodies[open_words.pop()] - reached
        reached |= new
        open_words += new
    return declared, reached


def proofs_of_nothing(files):
    """{test name: rule functions it calls} of C++ tests that call such functions and reach none of
    them in the product; helpers in the file of the test count as the test."""
    declared, reached = rule_functions(files)
    found = {}
    for path, text in arch.cpp_files(files).items():
        if not path.startswith("tests/"):
            continue
        lines = arch.without_comments_and_strings(text).splitlines()
        bodies = {name: set(WORD.findall("\n".join(lines[first:first - 1 + count])))
                  for name, first, count in arch.functions(text)}
        for name, words in bodies.items():
            if "," not in name:  # TEST(Suite, Name); anything else is a helper
                continue
            words, todo = set(words), list(words)
            while todo:
                new = bodies.get(todo.pop(), set()) - words
                words |= new
                todo += new
            called = words & declared
            if called and not called & reached:
                found[name.split(",")[1].strip()] = sorted(called)
    return found
