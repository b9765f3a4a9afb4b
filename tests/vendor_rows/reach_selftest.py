#!/usr/bin/env python3
"""Proves that reach.py tells a proof of the product from one of an idle function."""

import unittest

import reach

RULES_H = "int busy_rule(int a);\nint inner_rule(int a);\nint idle_rule(int a);\n"
RULES = """int inner_rule(int a) {
  return a + 1;
}
int busy_rule(int a) {
  return inner_rule(a);
}
int idle_rule(int a) {
  return a;
}
"""
PRODUCT = "int run() {\n  return busy_rule(1);\n}\n"


def proofs_of_nothing(test):
    return reach.proofs_of_nothing({
        "engine/policy/service/a.h": RULES_H, "engine/policy/service/a.cpp": RULES,
        "sim/run/run.cpp": PRODUCT, "tests/policy/a_test.cpp": test})


class ReachTest(unittest.TestCase):
    def test_what_the_product_calls_is_reached_and_what_that_calls(self):
        for rule in ("busy_rule", "inner_rule"):
            test = f"TEST(Rules, Z_POL_03_holds) {{\n  EXPECT_EQ({rule}(1), 2);\n}}\n"
            self.assertEqual(proofs_of_nothing(test), {})

    def test_what_only_tests_call_proves_nothing(self):
        test = "TEST(Rules, Z_POL_03_holds) {\n  EXPECT_EQ(idle_rule(1), 1);\n}\n"
        self.assertEqual(proofs_of_nothing(test), {"Z_POL_03_holds": ["idle_rule"]})

    def test_a_helper_counts_as_the_test(self):
        test = ("int help() {\n  return idle_rule(1);\n}\n"
                "TEST(Rules, Z_POL_03_holds) {\n  EXPECT_EQ(help(), 1);\n}\n")
        self.assertEqual(proofs_of_nothing(test), {"Z_POL_03_holds": ["idle_rule"]})

    def test_one_that_runs_a_scenario_needs_no_rule_of_its_own(self):
        test = "TEST(Rules, Z_POL_03_holds) {\n  EXPECT_EQ(run(), 2);\n}\n"
        self.assertEqual(proofs_of_nothing(test), {})


if __name__ == "__main__":
    unittest.main()
