#!/usr/bin/env python3
"""The rules of the house that a compiler does not check. ARCHITECTURE.md gives the reasons.

Each rule is a function from {path: text} to a list of "path:line: what is wrong, what to do";
arch_selftest.py proves that each of them can fail.
"""

import collections
import pathlib
import re
import sys

# Each room and what it may include besides itself: other rooms, or whole folders of them. A room
# is a folder with everything below it that is not a room of its own. ARCHITECTURE.md says what
# lives where.
BASE, POLICY, COST = "engine/base", "engine/policy", "costmodel"
ENV, SOURCE = (BASE, POLICY), (BASE, POLICY, "engine/env")
STORE = (*SOURCE, "engine/source", "engine/store/format")
PACKS = (*STORE, "engine/store/repository")
MODEL = (BASE, POLICY, COST)
WORLD = (*MODEL, "sim/model", "sim/kernel", "sim/sums")
REPORTS = (BASE, POLICY, COST, "sim", "study", "reports/parts")
REPOSITORY = (*SOURCE, "engine/source", "engine/store")
PLANNING = (BASE, POLICY, "histories", COST, "sim", "scenarios", "study", "reports")
SEES = {
    BASE: (),
    "engine/base/document": (BASE,),
    "engine/policy/time": (BASE,),
    "engine/policy/schedule": (BASE, "engine/policy/time"),
    "engine/policy/retention": (BASE, "engine/policy/time"),
    "engine/policy/service": (BASE, "engine/policy/time", "engine/policy/schedule",
                              "engine/policy/retention"),
    "engine/env": ENV,
    "engine/source": SOURCE,
    "engine/store/format": STORE[:-1],
    "engine/store/repository": STORE,
    "engine/store/packs": PACKS,
    "engine/store/snapshots": (*PACKS, "engine/store/packs"),
    "engine/store/work": (*PACKS, "engine/store/packs", "engine/store/snapshots"),
    "engine/store/upkeep": (*PACKS, "engine/store/packs", "engine/store/snapshots"),
    "engine/kinds/formats": (*SOURCE, "engine/source", "engine/store/format"),
    "engine/kinds/capture": (*SOURCE, "engine/source", "engine/kinds/formats"),
    "engine/kinds/keys": (*REPOSITORY, "engine/kinds/formats"),
    "engine/kinds/runner": (*REPOSITORY, "engine/kinds/formats", "engine/kinds/capture",
                            "engine/kinds/keys"),
    "engine/api/http": (BASE,),
    "engine/api/access": (BASE, POLICY, "engine/env", "engine/api/http"),
    "engine/api/routes": (BASE, POLICY, "engine/env", "engine/control", "engine/api/http",
                          "engine/api/access"),
    "engine/api/vendors": (BASE, POLICY, "engine/env", "engine/control", "engine/api/http",
                           "engine/api/access", "engine/api/routes"),
    "engine/api/snapshots": (BASE, POLICY, "engine/env", "engine/control", "engine/api/http",
                             "engine/api/access", "engine/api/routes"),
    "engine/api": (BASE, POLICY, "engine/api/routes", "engine/api/vendors",
                   "engine/api/snapshots"),
    "engine/control/outside": (BASE, POLICY),
    "engine/control/catalogue": (BASE, POLICY),
    "engine/control/plane": (BASE, POLICY, "engine/control/outside", "engine/control/catalogue"),
    "engine/service": (*REPOSITORY, "engine/kinds", "engine/control"),
    "histories": (BASE, POLICY),
    "costmodel/book": (BASE,),
    "costmodel/bill": (BASE, "costmodel/book"),
    "sim/model": MODEL,
    "sim/kernel": (BASE,),
    "sim/sums": (*MODEL, "sim/model"),
    "sim/fit": (*MODEL, "sim/model", "sim/sums"),
    "sim/world": WORLD,
    "sim/words": (*MODEL, "sim/model"),
    "sim/requirements": (*MODEL, "sim/model", "sim/words"),
    "sim/run": (*WORLD, "sim/world", "sim/words", "sim/requirements"),
    "scenarios/document": (*MODEL, "sim/model"),
    "scenarios/load": (*MODEL, "histories", "sim", "scenarios/document"),
    "study/run": (*MODEL, "sim", "scenarios"),
    "study/vary": (*MODEL, "sim", "scenarios", "study/run"),
    "study/history": (*MODEL, "histories", "sim", "scenarios", "study/run"),
    # Of the control plane its values alone.
    "study/live": (*MODEL, "histories", "sim", "scenarios", "study/run", "study/history",
                   "study/start", "engine/control/plane"),
    "study/start": (*MODEL, "histories", "sim", "scenarios", "study/run", "study/history"),
    "rehearsal": (*REPOSITORY, "engine/control", "histories", COST, "sim", "rehearsal/twin",
                  "rehearsal/bytes"),
    "rehearsal/bytes": (*REPOSITORY, "engine/kinds", "engine/control", "engine/service"),
    # Sees of the simulator only what it does not decide.
    "rehearsal/twin": (BASE, POLICY, "engine/control", COST, "sim/model"),
    "reports/parts": (BASE,),
    "reports/bill": REPORTS,
    "reports/run": (*REPORTS, "reports/bill"),
    "reports/charts": (*REPORTS, "reports/run"),
    "reports/html": (*REPORTS, "reports/bill", "reports/run", "reports/charts"),
    "cli/shared": (BASE, POLICY, "engine/env", COST, "sim/model", "reports"),
    "cli/repository": (*REPOSITORY, "engine/kinds/formats", "engine/kinds/keys", "reports",
                       "cli/shared"),
    "cli/policy": (*PLANNING, "engine/env", "cli/shared"),
    "cli/planning": (*PLANNING, "engine/env", "rehearsal", "cli/shared", "cli/policy",
                     "cli/repository", "cli/service"),
    "cli/billing": (*REPOSITORY, *PLANNING, "cli/shared", "cli/repository", "cli/service"),
    "cli/service": (*REPOSITORY, *PLANNING, "engine/kinds", "engine/control", "engine/service",
                    "engine/api", "rehearsal", "cli/shared", "cli/repository"),
    "cli": (BASE, "engine/store/format", "scenarios/document", "cli/shared", "cli/repository"),
    # What other programs include and link; the headers see each other and the standard library.
    "include/backcast": (),
    "library": (*REPOSITORY, COST, "sim", "scenarios", "study"),
}
# More and nobody finds anything; headers count.
MAX_ROOM_FILES = 25

HEAVY_HEADERS = re.compile(
    r"nlohmann/json\.hpp|CLI/|valijson/|httplib\.h|boost/multiprecision/|xlsxwriter\.h|tbb/|Eigen/")
ONE_DOOR = {"libfccp/": "engine/base/csv_reader.h"}

# What is precompiled (cmake/backcast.cmake) and how its use is known. <utility> comes with every
# container.
PRECOMPILED = {header: re.compile(rf"\b{use}") for header, use in {
    "algorithm": r"std::(?:(?:min|max)(?:_element)?|clamp|(?:stable_)?sort|(?:all|any|none)_of"
                 r"|find(?:_if)?|count(?:_if)?|(?:lower|upper)_bound|copy|equal|transform|reverse"
                 r"|rotate|unique|remove(?:_if)?)\(",
    "array": r"std::array\b",
    "chrono": r"std::chrono\b",
    "cstdint": r"std::u?int\d+_t\b",
    "functional": r"std::function\b",
    "map": r"std::(?:multi)?map\b",
    "memory": r"std::(?:unique|shared|weak)_ptr\b|std::make_(?:unique|shared)\b",
    "optional": r"std::(?:optional|nullopt)\b",
    "set": r"std::(?:multi)?set<",
    "span": r"std::span\b",
    "string": r"std::(?:to_)?string\b",
    "string_view": r"std::string_view\b",
    "variant": r"std::(?:variant|visit|get_if|holds_alternative|monostate)\b",
    "vector": r"std::vector\b",
    "fmt/format.h": r"fmt::(?:format|print)\b",
}.items()}

PURE_MODULES = ("engine/policy", "sim", "costmodel", "histories")
IMPURE = re.compile(
    r"(system|steady|high_resolution|utc)_clock::now"
    r"|(?<![\w.>:])(std::)?(time|clock|rand|srand)\s*\("
    r"|gettimeofday|clock_gettime|random_device|mt19937|std::(i|o)?fstream|std::filesystem"
    r"|(?<!\w)(fopen|getenv|popen|system|localtime|localtime_r|mktime|printf)\s*\("
    r"|Document::read\b|read_text_file|std::(cout|cerr|cin)\b|stdout|stderr")

# What stands on env reaches the operating system through it alone, so that a test can make every
# call fail. These only take a value apart.
ON_ENV_MODULES = ("engine/source",)
SYSTEM_CALL = re.compile(
    r"(?<![\w>:)])::(?!(?:makedev|major|minor|fnmatch)\b)[a-z]\w*\s*\(|<unistd\.h>|<fstream>")

MAX_FILE_LINES = 500
MAX_LINE_COLUMNS = 100
MAX_FUNCTION_LINES = 70

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
RAW_STRING = re.compile(r'R"(\w*)\(.*?\)\1"', re.S)
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:root|work|Users|builds|runner|tmp/wt)/[\w.]")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")

# Who knows one vendor of backups from another: the rules of services, the words of policies and
# schedules, kinds of data, and data. What people type may name a vendor as an example.
VENDOR = re.compile(r"zilliz|qdrant|zerops", re.I)
VENDOR_ROOMS = ("engine/kinds/capture",
                "engine/policy/service", "engine/policy/retention", "engine/policy/schedule",
                "engine/api/every_route.cpp", "engine/api/routes", "engine/api/vendors",
                "engine/api/snapshots")
VENDOR_EXAMPLES = ("  backcast ", "a name such as zilliz", "zilliz:, qdrant:, zerops:, robfig:")

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
        if path.suffix in TEXT_SUFFIXES or parts[-1] in ("run", ".clang-tidy") or \
                parts[0] == ".ci":
            files["/".join(parts)] = path.read_text("utf-8", "replace")
    return files


def room_of(path):
    """The room a file lives in: the longest folder of SEES above it; None outside the house."""
    parts = path.split("/")[:-1]
    while parts and "/".join(parts) not in SEES:
        parts.pop()
    return "/".join(parts) or None


def house_of(path):
    """The rooms that are built together: engine/store, sim."""
    parts = path.split("/")
    return "/".join(parts[:2 if parts[0] == "engine" else 1])


def is_in(path, folders):
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def is_product(path):
    return is_in(path, {room.split("/")[0] for room in SEES})


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
        room = room_of(path)
        if room is None:
            continue
        for line, content in numbered(text):
            include = INCLUDE.match(content)
            target = room_of(include.group(2)) if include else None
            if target and target != room and not is_in(target, SEES[room]):
                found.append(f"{path}:{line}: {room} must not include {include.group(2)}; "
                             f"it may see {', '.join(SEES[room]) or 'nothing'}")
    return found


def unknown_rooms(files):
    """A folder with sources that SEES does not name would have no rules."""
    folders = {path.rpartition("/")[0] for path in cpp_files(files)}
    return [f"{folder}: a room without an entry in tests/arch/arch.py"
            for folder in sorted(folders)
            if not is_in(folder, ("tests", "bench", "examples")) and room_of(folder + "/x") is None]


def empty_rooms(files):
    """A room that nothing lives in is one that does not exist."""
    rooms = {room_of(path) for path in cpp_files(files)}
    return [f"tests/arch/arch.py: {room}: no file lives there" for room in SEES
            if room not in rooms]


def crowded_rooms(files):
    """A folder that shows more files than one look takes in."""
    folders = collections.Counter(path.rpartition("/")[0] for path in cpp_files(files)
                                  if is_product(path))
    return [f"{folder}: {count} source files, at most {MAX_ROOM_FILES}; make rooms by question"
            for folder, count in sorted(folders.items()) if count > MAX_ROOM_FILES]


def relative_includes(files):
    """Includes are written from the root, so that a file can be found from its include."""
    found = []
    for path, text in cpp_files(files).items():
        if not is_product(path):
            continue
        for line, content in numbered(text):
            include = INCLUDE.match(content)
            if include and include.group(1) == '"' and room_of(include.group(2)) is None \
                    and not include.group(2).startswith("generated/"):
                found.append(f"{path}:{line}: write the include from the root: "
                             f"\"module/{include.group(2)}\", or <…> for an outside library")
    return found


def heavy_headers(files):
    """A header that only .cpp files of its own module see may need them; every other may not."""
    shared = set()
    for path, text in cpp_files(files).items():
        for include in filter(None, map(INCLUDE.match, text.splitlines())):
            if path.endswith(".h") or house_of(path) != house_of(include.group(2)):
                shared.add(include.group(2))
    found = []
    for path in sorted(shared & set(files)):
        for line, content in numbered(files[path]):
            include = INCLUDE.match(content)
            if include and HEAVY_HEADERS.match(include.group(2)):
                found.append(f"{path}:{line}: {include.group(2)} belongs in a .cpp file; other "
                             "modules or headers see this one and pay for it")
    return found


def missing_includes(files):
    """A file includes what it uses, itself or by headers of the house: builds without precompiled
    headers are not made every time."""
    cpp = cpp_files(files)
    included = {path: [include.group(2) for include in map(INCLUDE.match, text.splitlines())
                       if include] for path, text in cpp.items()}

    def seen(path, visited):
        for header in included.get(path) or included.get(f"include/{path}", ()):
            if header not in visited:
                visited.add(header)
                seen(header, visited)
        return visited
    found = []
    for path, text in cpp.items():
        code, headers = without_comments_and_strings(text), seen(path, set())
        for header, use in PRECOMPILED.items():
            used = use.search(code) if header not in headers else None
            if used:
                line = code.count("\n", 0, used.start()) + 1
                found.append(f"{path}:{line}: {used.group().rstrip('(<')}: include <{header}>")
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
        if not is_in(path, PURE_MODULES):
            continue
        for line, content in numbered(without_comments_and_strings(text)):
            call = IMPURE.search(content)
            if call:
                found.append(f"{path}:{line}: {call.group().strip()} in {room_of(path)}: clock, "
                             "randomness and files come in as values")
    return found


def system_calls(files):
    found = []
    for path, text in cpp_files(files).items():
        if not is_in(path, ON_ENV_MODULES):
            continue
        for line, content in numbered(without_comments_and_strings(text)):
            call = SYSTEM_CALL.search(content) or IMPURE.search(content)
            if call:
                found.append(f"{path}:{line}: {call.group().strip()} in {room_of(path)}: the "
                             "operating system is reached through engine/env")
    return found


def vendor_names(files):
    """Whoever asks a vendor's name decides by it: ServiceRules say what differs between vendors."""
    comment_or_code = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.S)

    def keep_strings(match):
        kept = match.group(1)
        if kept and not any(example in kept for example in VENDOR_EXAMPLES):
            return kept
        return "\n" * match.group().count("\n")
    return [f"{path}:{line}: {name.group()} in {room_of(path)}: ask policy::ServiceRules"
            for path, text in cpp_files(files).items()
            if is_product(path) and not is_in(path, VENDOR_ROOMS)
            for line, content in numbered(comment_or_code.sub(keep_strings, text))
            if (name := VENDOR.search(content))]


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


RULES = (forbidden_includes, unknown_rooms, empty_rooms, crowded_rooms, relative_includes,
         heavy_headers, missing_includes, one_door, impure_calls, system_calls, vendor_names,
         long_files, long_lines, long_functions, machine_paths, unfinished, package_sources)


def main():
    files = read_tree(pathlib.Path(sys.argv[1]))
    wanted = sys.argv[2:] or [rule.__name__ for rule in RULES]
    unknown = set(wanted) - {rule.__name__ for rule in RULES}
    found = [f"{name}: no such rule" for name in sorted(unknown)]
    found += [fault for rule in RULES if rule.__name__ in wanted for fault in rule(files)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} faults")
    sys.exit(1 if found or len(files) < 20 else 0)


if __name__ == "__main__":
    main()
