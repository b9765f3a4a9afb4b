#!/usr/bin/env python3
"""Proves that each rule of arch.py fails on a breach and lets the right way pass."""

import pathlib
import re
import tempfile
import unittest

import arch


class ArchTest(unittest.TestCase):
    def expect(self, rule, path, bad, good):
        self.assertEqual(len(rule({path: bad})), 1, f"{rule.__name__} misses {bad!r}")
        self.assertEqual(rule({path: good}), [], f"{rule.__name__} is too strict")

    def test_every_rule_is_tested_here(self):
        tested = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual({rule.__name__ for rule in arch.RULES}, tested)

    def test_every_rule_is_run(self):
        run = pathlib.Path(__file__).with_name("CMakeLists.txt").read_text("utf-8")
        run = run[run.index("foreach(rule"):run.index("endforeach")]
        for rule in arch.RULES:
            self.assertRegex(run, rf"\b{rule.__name__}\b")

    def test_files_without_a_suffix_are_read_too(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path in ("run", ".ci/package", "build/x.cpp", "sim/model/a.h", "sim/a.png"):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text("")
            self.assertEqual(sorted(arch.read_tree(root)),
                             [".ci/package", "run", "sim/model/a.h"])

    def test_forbidden_includes(self):
        include = '#include "{}"\n'.format
        rule = arch.forbidden_includes
        for path, bad, good in (
                ("engine/base/a.h", "engine/policy/time/b.h", "engine/base/b.h"),
                ("engine/policy/retention/dialects/a.h", "engine/policy/service/b.h",
                 "engine/policy/time/b.h"),
                ("engine/policy/retention/a.h", "engine/policy/schedule/b.h",
                 "engine/policy/retention/dialects/b.h"),
                ("engine/store/format/a.h", "engine/store/packs/b.h", "engine/base/b.h"),
                ("engine/store/work/a.cpp", "engine/store/upkeep/b.h", "engine/store/packs/b.h"),
                ("costmodel/book/a.cpp", "costmodel/bill/b.h", "engine/base/b.h"),
                ("sim/model/a.cpp", "sim/world/b.h", "costmodel/bill/b.h"),
                ("sim/run/a.cpp", "engine/store/format/b.h", "sim/world/b.h"),
                ("scenarios/load/a.cpp", "engine/env/b.h", "sim/model/b.h"),
                ("study/run/a.cpp", "study/vary/b.h", "scenarios/load/b.h"),
                ("reports/run/a.cpp", "cli/shared/b.h", "sim/run/b.h"),
                ("rehearsal/a.cpp", "cli/shared/b.h", "engine/store/work/b.h"),
                ("cli/repository/a.cpp", "sim/run/b.h", "engine/store/work/b.h")):
            self.expect(rule, path, include(bad), include(good))

    def test_unknown_rooms(self):
        for path in ("engine/magic/a.cpp", "util/a.h", "sim/a.cpp"):
            self.assertEqual(len(arch.unknown_rooms({path: ""})), 1)
        self.assertEqual(arch.unknown_rooms({"engine/base/a.cpp": "", "tests/x/a.cpp": "",
                                             "engine/policy/retention/dialects/a.cpp": ""}), [])

    def test_empty_rooms(self):
        full = {room + "/a.cpp": "" for room in arch.SEES}
        self.assertEqual(arch.empty_rooms(full), [])
        del full["study/run/a.cpp"]
        self.assertEqual(len(arch.empty_rooms(full)), 1)

    def test_crowded_rooms(self):
        files = {f"sim/run/{n}.cpp": "" for n in range(25)}
        self.assertEqual(arch.crowded_rooms(files), [])
        self.assertEqual(len(arch.crowded_rooms({**files, "sim/run/a.h": ""})), 1)
        self.assertEqual(arch.crowded_rooms({f"tests/a/{n}.cpp": "" for n in range(99)}), [])

    def test_relative_includes(self):
        self.expect(arch.relative_includes, "sim/run/a.cpp", '#include "b.h"\n',
                    '#include "sim/run/b.h"\n')
        self.expect(arch.relative_includes, "sim/a.cpp", '#include "../sim/b.h"',
                    "#include <vector>")

    def test_heavy_headers(self):
        heavy = {"sim/a.h": "#include <nlohmann/json.hpp>\n"}
        light = {"sim/a.h": "#include <nlohmann/json_fwd.hpp>\n"}
        include = '#include "sim/a.h"\n'
        for reader in ("sim/b.h", "cli/b.cpp"):
            self.assertEqual(len(arch.heavy_headers({**heavy, reader: include})), 1)
            self.assertEqual(arch.heavy_headers({**light, reader: include}), [])
        self.assertEqual(arch.heavy_headers({**heavy, "sim/b.cpp": include}), [])

    def test_missing_includes(self):
        rule = arch.missing_includes
        vector = "std::vector<int> all;\n"
        for path in ("sim/run/a.h", "tests/sim/a_test.cpp"):
            self.expect(rule, path, vector, "#include <vector>\n" + vector)
        by_header = '#include "sim/run/b.h"\n' + vector
        through = {"sim/run/a.cpp": by_header, "sim/run/b.h": '#include "backcast/c.h"\n'}
        self.assertEqual(rule({**through, "include/backcast/c.h": "#include <vector>\n"}), [])
        self.assertEqual(rule({**through, "include/backcast/c.h": "#include <map>\n"}),
                         ["sim/run/a.cpp:2: std::vector: include <vector>"])
        for word in ("// std::vector", "my_std::vectors x;", 'f("std::sort(");'):
            self.assertEqual(rule({"sim/run/a.cpp": word}), [])

    def test_all_that_is_precompiled_is_asked_for(self):
        rules = arch.read_tree(pathlib.Path(__file__).parents[2])["cmake/backcast.cmake"]
        listed = re.search(r"target_precompile_headers\([^)]* PRIVATE ([^)]*)\)", rules).group(1)
        headers = set(re.findall(r"<([^>]+)>", listed))
        self.assertEqual(headers - {"utility"}, set(arch.PRECOMPILED))

    def test_one_door(self):
        library = "#include <libfccp/csv.h>\n"
        for path in ("sim/a.cpp", "engine/base/a.h", "tests/sim/a_test.cpp"):
            self.expect(arch.one_door, path, library, '#include "engine/base/csv_reader.h"\n')
        self.assertEqual(arch.one_door({"engine/base/csv_reader.h": library}), [])

    def test_system_calls(self):
        for bad in ("x = ::fstat(fd, &info);\n", "if (::close(fd) != 0) return;\n",
                    "#include <unistd.h>\n", "std::ifstream in(path);\n"):
            self.expect(arch.system_calls, "engine/source/a.cpp", bad,
                        "tree.stat(fd, info); State::close(x);\n")
            self.assertEqual(arch.system_calls({"engine/env/a.cpp": bad}), [])
        self.assertEqual(arch.system_calls({"engine/source/a.cpp": "::makedev(1, 2);"}), [])

    def test_impure_calls(self):
        for bad in ("auto t = std::chrono::system_clock::now();", "time(nullptr);", "std::rand();",
                    "std::random_device d;", "std::ifstream in(path);", 'getenv("TZ");',
                    "auto d = Document::read(path);", "std::mt19937 g;", "int r = rand();"):
            for path in ("engine/policy/a.cpp", "sim/a.h", "costmodel/a.cpp"):
                self.expect(arch.impure_calls, path, bad, "run_time(x); // time(nullptr)\n")
            self.assertEqual(arch.impure_calls({"engine/env/a.cpp": bad}), [])
        self.assertEqual(arch.impure_calls({"sim/a.cpp": 'fail("use time() here"); x.time(3);'}),
                         [])

    def test_long_files(self):
        self.expect(arch.long_files, "sim/a.cpp", "\n" * 501, "\n" * 500)

    def test_long_lines(self):
        self.expect(arch.long_lines, "sim/a.cpp", "x" * 101, "x" * 100)
        self.expect(arch.long_lines, "sim/a.cpp", "é" * 101, "é" * 100)
        self.expect(arch.long_lines, "sim/a.cpp", 'f("' + "x" * 101 + '");',
                    'f(R"(\n' + "x" * 101 + '\n)");')

    def test_long_functions(self):
        def function(lines, name="f", indent=""):
            return f"{indent}int {name}(int a) {{\n" + "  x();\n" * (lines - 2) + f"{indent}}}\n"
        rule = arch.long_functions
        self.expect(rule, "sim/a.cpp", function(71), function(70) + function(70))
        self.expect(rule, "sim/a.h", "class A {\n" + function(71, "g", "  ") + "};\n",
                    "class A {\n" + function(70, "g", "  ") * 3 + "};\n")
        self.expect(rule, "sim/a.cpp", "namespace a {\n" + function(80) + "}\n", "namespace a {}\n")
        listed = {"tests/arch/long_functions.txt": "# known\nsim/a.cpp f 80\n"}
        self.assertEqual(rule({**listed, "sim/a.cpp": function(80)}), [])
        self.assertEqual(len(rule({**listed, "sim/a.cpp": function(81)})), 1)
        self.assertEqual(len(rule({**listed, "sim/a.cpp": ""})), 1)

    def test_machine_paths(self):
        self.expect(arch.machine_paths, "docs/a.md", "see /root/x", "see docs/root/x and /srv/data")
        self.expect(arch.machine_paths, "sim/a.cpp", '"/Users/me"', '"backup /home/alice"')

    def test_vendor_names(self):
        for bad in ('if (name == "zilliz") return;\n', "policy::ZillizWindow window;\n",
                    "kind = kZerops;\n", 'fault("Qdrant has none");  // as Zerops\n'):
            self.expect(arch.vendor_names, "sim/world/a.cpp", bad,
                        "return rules.admission;  // as Zilliz has it\n")
        self.expect(arch.vendor_names, "cli/policy/a.cpp", 'f("qdrant");\n',
                    '"  backcast prices show zilliz\\n"\n')
        self.assertEqual(arch.vendor_names({"engine/policy/service/a.cpp": '"zilliz"'}), [])

    def test_unfinished(self):
        self.expect(arch.unfinished, "sim/a.cpp", "// TODO: more", "// to do: more")

    def test_package_sources(self):
        self.expect(arch.package_sources, "package-lock.json",
                    '"resolved": "http://mirror.example/x.tgz"',
                    '"resolved": "https://registry.npmjs.org/x.tgz"')


if __name__ == "__main__":
    unittest.main()
