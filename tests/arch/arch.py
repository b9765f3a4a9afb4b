#!/usr/bin/env python3
"""The rules of the house that a compiler does not check. ARCHITECTURE.md gives the reasons.

Each rule is a function from {path: text} to a list of "path:line: what is wrong, what to do";
arch_selftest.py proves that each of them can fail.
"""

import pathlib
import re
import sys

ENGINE = ("base", "policy", "env", "source", "store")
# Which modules a module may include, besides itself.
ALLOWED = {
    "base": (),
    "policy": ("base",),
    "env": ("base", "policy"),
    "source": ("base", "policy", "env"),
    "store": ("base", "policy", "env", "source"),
    "control": ENGINE,
    "api": ENGINE + ("control",),
    "costmodel": ("base",),
    "sim": ("base", "policy", "costmodel"),
    "scenarios": ("base", "policy", "costmodel", "sim"),
    "reports": ENGINE + ("control", "costmodel", "sim"),
    "cli": ENGINE + ("control", "api", "costmodel", "sim", "scenarios", "reports"),
}
# The rehearsal runs the real engine under the virtual clock.
REHEARSAL_MAY_ALSO_INCLUDE = ("env", "source", "store", "control")

HEAVY_HEADERS = re.compile(
    r"nlohmann/json\.hpp|CLI/|valijson/|httplib\.h|boost/multiprecision/|xlsxwriter\.h|tbb/|Eigen/")
ONE_DOOR = {"libfccp/": "engine/base/csv_reader.h"}

PURE_MODULES = ("policy", "sim", "costmodel")
IMPURE = re.compile(
    r"(system|steady|high_resolution|utc)_clock::now"
    r"|(?<![\w.>:])(std::)?(time|clock|rand|srand)\s*\("
    r"|gettimeofday|clock_gettime|random_device|mt19937|std::(i|o)?fstream|std::filesystem"
    r"|(?<!\w)(fopen|getenv|popen|system|localtime|localtime_r|mktime|printf)\s*\("
    r"|Document::read\b|read_text_file|std::(cout|cerr|cin)\b|stdout|stderr")

# What stands on env reaches the operating system through it alone, so that a test can make every
# call fail. These only take a value apart.
ON_ENV_MODULES = ("source",)
SYSTEM_CALL = re.compile(
    r"(?<![\w>:)])::(?!(?:makedev|major|minor|fnmatch)\b)[a-z]\w*\s*\(|<unistd\.h>|<fstream>")

MAX_FILE_LINES = 500
MAX_LINE_COLUMNS = 100
MAX_FUNCTION_LINES = 70

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
RAW_STRING = re.compile(r'R"(\w*)\(.*?\)\1"', re.S)
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:root|work|Users|builds|runner|tmp/wt)/[\w.]")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")

TEXT_SUFFIXES = (".h", ".cpp", ".py", ".js", ".mjs", ".css", ".sh", ".cmake", ".txt", ".md",
                 ".json", ".console", ".svg", ".xml", ".csv")
SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}


def read_tree(root):
    """Every text file of the project by its path from the root."""
    files = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if SKIPPED_FOLDERS.intersection(parts) or not path.is_file():
            continue
        if path.suffix in TEXT_SUFFIXES or parts[-1] in ("run", ".clang-tidy"):
            files["/".join(parts)] = path.read_text("utf-8", "replace")
    return files


def module_of(path):
    parts = path.split("/")
    if parts[0] == "engine" and len(parts) > 2:
        return parts[1]
    return parts[0] if len(parts) > 1 and parts[0] in ALLOWED else None


def cpp_files(files):
    return {path: text for path, text in files.items() if path.endswith((".h", ".cpp"))}


def numbered(text):
    return enumerate(text.splitlines(), start=1)


def without_comments_and_strings(text):
    """The code with comments and literals blanked, line numbers kept."""
    pattern = re.compile(
        r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)

    def blank(match):
        return '""' + "\n" * match.group().count("\n")
    return pattern.sub(blank, text)


def forbidden_includes(files):
    found = []
    for path, text in cpp_files(files).items():
        module = module_of(path)
        if module is None:
            continue
        allowed = ALLOWED[module] + (module,)
        if path.startswith("sim/rehears"):
            allowed += REHEARSAL_MAY_ALSO_INCLUDE
        for line, content in numbered(text):
            include = INCLUDE.match(content)
            if not include:
                continue
            target = module_of(include.group(2))
            if target and target not in allowed:
                found.append(f"{path}:{line}: {module} must not include {include.group(2)}; "
                             f"it may see {', '.join(ALLOWED[module]) or 'nothing'}")
    return found


def unknown_modules(files):
    """A folder with sources that ALLOWED does not name would have no rules."""
    tops = {path.split("/")[0] if not path.startswith("engine/") else path.split("/")[1]
            for path in cpp_files(files)}
    return [f"{name}: a module without an entry in tests/arch/arch.py"
            for name in sorted(tops - set(ALLOWED) - {"tests", "bench"})]


def relative_includes(files):
    """Includes are written from the root, so that a file can be found from its include."""
    found = []
    for path, text in cpp_files(files).items():
        if module_of(path) is None:
            continue
        for line, content in numbered(text):
            include = INCLUDE.match(content)
            if include and include.group(1) == '"' and module_of(include.group(2)) is None \
                    and not include.group(2).startswith("generated/"):
                found.append(f"{path}:{line}: write the include from the root: "
                             f"\"module/{include.group(2)}\", or <…> for an outside library")
    return found


def heavy_headers(files):
    """A header that only .cpp files of its own module see may need them; every other may not."""
    shared = set()
    for path, text in cpp_files(files).items():
        for include in filter(None, map(INCLUDE.match, text.splitlines())):
            if path.endswith(".h") or module_of(path) != module_of(include.group(2)):
                shared.add(include.group(2))
    found = []
    for path in sorted(shared & set(files)):
        for line, content in numbered(files[path]):
            include = INCLUDE.match(content)
            if include and HEAVY_HEADERS.match(include.group(2)):
                found.append(f"{path}:{line}: {include.group(2)} belongs in a .cpp file; other "
                             "modules or headers see this one and pay for it")
    return found


def one_door(files):
    """A library whose classes depend on a macro is seen through the one header that sets it. Two
    files that set it differently link without a word, then overwrite memory."""
    return [f"{path}:{line}: include {door} instead"
            for path, text in cpp_files(files).items()
            for line, content in numbered(text)
            for library, door in ONE_DOOR.items()
            if path != door and (include := INCLUDE.match(content))
            and include.group(2).startswith(library)]


def impure_calls(files):
    found = []
    for path, text in cpp_files(files).items():
        if module_of(path) not in PURE_MODULES or path.startswith("sim/rehears"):
            continue
        for line, content in numbered(without_comments_and_strings(text)):
            call = IMPURE.search(content)
            if call:
                found.append(f"{path}:{line}: {call.group().strip()} in {module_of(path)}: clock, "
                             "randomness and files come in as values")
    return found


def system_calls(files):
    found = []
    for path, text in cpp_files(files).items():
        if module_of(path) not in ON_ENV_MODULES:
            continue
        for line, content in numbered(without_comments_and_strings(text)):
            call = SYSTEM_CALL.search(content) or IMPURE.search(content)
            if call:
                found.append(f"{path}:{line}: {call.group().strip()} in {module_of(path)}: the "
                             "operating system is reached through engine/env")
    return found


def long_files(files):
    return [f"{path}: {len(text.splitlines())} lines, at most {MAX_FILE_LINES}; split by question"
            for path, text in files.items()
            if path.endswith((".h", ".cpp", ".py", ".mjs", ".js", "/run"))
            and len(text.splitlines()) > MAX_FILE_LINES]


def blank_lines(match):
    return "\n" * match.group().count("\n")


def long_lines(files):
    """Except inside raw strings, which hold other programs' output as it is."""
    return [f"{path}:{line}: {len(content)} columns, at most {MAX_LINE_COLUMNS}"
            for path, text in files.items()
            if path.endswith((".h", ".cpp", ".py", ".mjs", ".js", ".css", ".cmake"))
            for line, content in numbered(RAW_STRING.sub(blank_lines, text))
            if len(content) > MAX_LINE_COLUMNS]


def functions(text):
    """(name, first line, lines) of each function; relies on the formatter for the layout."""
    lines = without_comments_and_strings(text).splitlines()
    keyword = re.compile(
        r"\s*(namespace|struct|class|enum|union|extern|if|for|while|switch|else|do)\b")
    at = 0
    while at < len(lines):
        line = lines[at]
        indent = len(line) - len(line.lstrip())
        if indent > 2 or not line.strip() or keyword.match(line) or "(" not in line:
            at += 1
            continue
        head = at
        while head < len(lines) and not re.search(r"[{;}]\s*$", lines[head]):
            head += 1
        if head == len(lines) or not lines[head].rstrip().endswith("{"):
            at += 1
            continue
        end = head
        while end < len(lines) and not re.match(rf"\s{{{indent}}}\}}", lines[end]):
            end += 1
        name = re.search(r"([\w:~]+)\s*\(", line)
        if name and re.match(r"k[A-Z]", name.group(1)):  # a table, not a function
            at = head + 1
            continue
        if name and name.group(1).startswith(("TEST", "RC_GTEST")):
            name = re.search(r"\(([^)]*)\)", line)
        yield (name.group(1) if name else line.strip()), at + 1, end - at + 1
        at = end + 1


def long_functions(files):
    """Functions above the limit, except those listed in long_functions.txt at their present size;
    that list may only shrink."""
    known = {}
    for _, content in numbered(files.get("tests/arch/long_functions.txt", "")):
        if content and not content.startswith("#"):
            path, name, lines = content.split()
            known[(path, name)] = int(lines)
    found = []
    for path, text in cpp_files(files).items():
        for name, line, count in functions(text):
            name = name.replace(" ", "")
            limit = max(known.pop((path, name), 0), MAX_FUNCTION_LINES)
            if count > limit:
                found.append(f"{path}:{line}: {name} has {count} lines, at most {limit}; "
                             "give its parts names")
    return found + [f"tests/arch/long_functions.txt: {path} {name}: no longer needed, delete it"
                    for path, name in known]


def machine_paths(files):
    """Nothing in the project may depend on, or tell about, the machine it was written on."""
    return [f"{path}:{line}: a path of some machine: {MACHINE_PATH.search(content).group()}…"
            for path, text in files.items() if not path.startswith("tests/arch/")
            for line, content in numbered(text) if MACHINE_PATH.search(content)]


def unfinished(files):
    return [f"{path}:{line}: {UNFINISHED.search(content).group()}: finish it, or open an issue"
            for path, text in files.items() if not path.startswith("tests/arch/")
            and path.endswith((".h", ".cpp", ".py", ".md", ".js", ".mjs", "/run"))
            for line, content in numbered(text) if UNFINISHED.search(content)]


def package_sources(files):
    """The npm lock names the public registry only, whatever mirror it was written behind."""
    return [f"{path}:{line}: packages come from https://registry.npmjs.org/"
            for path, text in files.items() if path.endswith("package-lock.json")
            for line, content in numbered(text)
            if '"resolved"' in content and '"https://registry.npmjs.org/' not in content]


RULES = (forbidden_includes, unknown_modules, relative_includes, heavy_headers, one_door,
         impure_calls, system_calls, long_files, long_lines, long_functions, machine_paths,
         unfinished, package_sources)


def main():
    files = read_tree(pathlib.Path(sys.argv[1]))
    wanted = sys.argv[2:] or [rule.__name__ for rule in RULES]
    found = [fault for rule in RULES if rule.__name__ in wanted for fault in rule(files)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} faults")
    sys.exit(1 if found or len(files) < 20 else 0)


if __name__ == "__main__":
    main()
