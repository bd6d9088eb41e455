#!/usr/bin/python3
"""newcomer_test.py <build folder> -- four small changes, made once by somebody who knew README.md and nothing else, are
kept as patches: an event's new member, a feature of its own, a view with its query, a setting. Here they are made again
in a copy of the tree: each touches no more than it should take, and with all four it builds and the quick rings pass.

What is generated (api/openapi.json) is in no patch: it is made anew, by the command that README.md names."""
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NOT_OURS = {".git", ".run", "build", "__pycache__"}
PROGRAMS = ["citywatch-command-api", "citywatch-query-api", "citywatch-projector", "citywatchctl"]
TESTS = r"^((features|contract|checks)\.|projector\.views_test$|query-api\.(remarks|places)_test$)"
GENERATED = "api/openapi.json"

# Patch -> the section of README.md or CONTRIBUTING.md it follows, the files it may touch besides those of tests, how
# many at most (None: however many).
PATCHES = {
    "1-event-field.patch": ("README.md, change an event", ("events/schema/*.json", "features/vote/*"), 4),
    "2-remark.patch": ("README.md, add a feature", ("features/remark/*", "events/schema/*.json", "events/features.def"), None),
    "3-view-and-query.patch": ("README.md, add a view, add a query", ("features/category/*",), None),
    "4-setting.patch": ("CONTRIBUTING.md, A setting", ("platform/process/settings.def", "README.md"), 2),
}


def is_test(path):
    return path.startswith("tests/") or path.endswith(("_test.c", "_history.c", "/fold.py"))


def run(command, folder, **more):
    """Exit status and what it printed, both streams unless `more` says otherwise."""
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False,
                          **{"stderr": subprocess.STDOUT, **more})
    return done.returncode, done.stdout


def git_apply(folder, patch, *options):
    """In `folder` as it is: a repository around it would make git look at its own index and paths."""
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(folder)}
    return run(["git", "apply", *options, os.path.join(HERE, patch)], folder, env=environment)


def files_below(folder):
    for at, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f not in NOT_OURS]
        yield from (os.path.relpath(os.path.join(at, n), folder) for n in names)


def tracked():
    """Paths of the tree: what git knows, or, where there is no repository, all but what is built."""
    status, names = run(["git", "ls-files", "-z"], ROOT, env={**os.environ, "GIT_CEILING_DIRECTORIES": os.path.dirname(ROOT)})
    paths = names.split("\0")[:-1] if status == 0 else files_below(ROOT)
    return [p for p in paths if os.path.isfile(os.path.join(ROOT, p))]


def copy_to(folder):
    for path in tracked():
        os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
        shutil.copy2(os.path.join(ROOT, path), os.path.join(folder, path))


def content(path):
    with open(path, "rb") as f:
        return f.read()


def make_equal(new, tree):
    """The tree becomes as `new` is; what has not changed keeps its time, so that little is built again."""
    os.makedirs(tree, exist_ok=True)
    for path in set(files_below(tree)) - set(files_below(new)):
        os.unlink(os.path.join(tree, path))
    for path in files_below(new):
        source, target = os.path.join(new, path), os.path.join(tree, path)
        if not os.path.exists(target) or content(source) != content(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(source, target)


def redo(patch):
    """What to do about a patch that does not fit any more."""
    name = patch.removesuffix(".patch")
    return (f"Make the change again, as {PATCHES[patch][0]} says, on a branch `again` of its own from main; where that text is wrong, "
            f"mend it, too. Then refresh the patch:\n"
            f"    git diff main...again -- . ':!{GENERATED}' ':!tests/newcomer' > tests/newcomer/{name}.patch")


class Newcomer(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.tree = os.path.join(BUILD, "newcomer", "tree")
        os.makedirs(cls.tree, exist_ok=True)
        cls.faults = {}
        with tempfile.TemporaryDirectory(dir=os.path.dirname(cls.tree)) as new:
            copy_to(new)
            for patch in PATCHES:
                status, said = git_apply(new, patch)
                if status:
                    cls.faults[patch] = said
            run(["tests/checks/openapi.py", "--fix"], new)
            make_equal(new, cls.tree)

    def step(self, what, command, **more):
        status, said = run(command, self.tree, **more)
        if status:
            self.fail(f"with the four changes, {what} fails: what a newcomer is told to do is no longer enough.\n"
                      f"The tree is in {self.tree}.\n" + "\n".join(said.splitlines()[-60:]))
        return said

    def test_1_each_patch_applies(self):
        for patch in PATCHES:
            with self.subTest(patch):
                if patch in self.faults:
                    self.fail(f"tests/newcomer/{patch} no longer applies:\n{self.faults[patch]}{redo(patch)}")

    def test_2_each_touches_no_more_than_it_should_take(self):
        for patch, (_, allowed, most) in PATCHES.items():
            with self.subTest(patch):
                _, said = git_apply(self.tree, patch, "--numstat")
                product = [p for p in re.findall(r"^[-\d]+\t[-\d]+\t(.+)$", said, re.M) if not is_test(p)]
                beyond = [p for p in product if not any(fnmatch.fnmatch(p, a) for a in allowed)]
                self.assertTrue(product, f"{patch} changes nothing: {said}")
                self.assertFalse(beyond, f"{patch} touches what such a change should not need: {beyond}; allowed: {allowed}. "
                                 f"Mend the tree so that it takes less, not this list.")
                if most is not None and len(product) > most:
                    self.fail(f"{patch} touches {len(product)} files, at most {most} should do: {product}")

    def test_3_all_four_build_and_pass(self):
        if self.faults:
            self.skipTest("a patch does not apply")
        build = os.path.join(self.tree, "build", "dev")
        fast = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        environment = {**os.environ, "CCACHE_BASEDIR": self.tree, "CCACHE_NOHASHDIR": "1", "PRESET": "dev"}
        self.step("configuring", ["cmake", "--preset", "dev", "--log-level=WARNING", "-DCMAKE_C_FLAGS_DEBUG=-O0", *fast], env=environment)
        listed = json.loads(self.step("listing tests", ["ctest", "--test-dir", build, "-R", TESTS, "--show-only=json-v1"],
                                      stderr=subprocess.DEVNULL))
        names = [t["name"] for t in listed["tests"]]
        self.assertIn("features.remark_test", names)
        programs = [n.split(".")[1] for n in names if not n.startswith("checks.")]
        self.step("building", ["cmake", "--build", build, "-j", "2", "--target", *PROGRAMS, *programs], env=environment)
        said = self.step("a test", ["ctest", "--test-dir", build, "-j", "2", "-R", TESTS, "--output-on-failure"], env=environment)
        self.assertIn("100% tests passed", said)


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv.pop(1))
    unittest.main()
