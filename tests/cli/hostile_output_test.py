"""Names, tags, hosts and paths that would steer a terminal, turn its text around or are no UTF-8
are shown harmlessly by every verb in every form; JSON loses nothing of them."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from engine_place import PROGRAM, Place  # noqa: E402

# A C1 control, a bidi override and isolate, escapes, a bell, invalid UTF-8, an overlong form, a
# surrogate, a title change, and what a shell or a table would take for structure.
NAMES = [b"c1-\xc2\x9b31m", b"bidi-\xe2\x80\xaetxt.exe", b"isolate-\xe2\x81\xa6x", b"esc-\x1b[2J",
         b"bell-\x07", b"latin-caf\xe9", b"overlong-\xc0\xaf", b"surrogate-\xed\xa0\x80",
         b"title-\x1b]0;owned\x07", b"line-\n- deleted", b"return-\rok", b"mark-\xe2\x80\x8f",
         b"separator-\xe2\x80\xa8x", b"hidden-\xe2\x80\x8bx", b"quote-\"';<&>|", b"del-\x7f"]
# Raw bytes that no output may hold: C0 but tab and line ends, DEL, C1, and what turns text.
STEERING = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b\x8e\x8f\xa8-\xae]"
    rb"|\xe2\x81[\xa0-\xaf]|\xd8\x9c|\xef\xbb\xbf")
FORMS = ([], ["--json"], ["--csv"], ["--markdown"])


class Hostile(Place):
    def all_of(self, *arguments, codes=(0,), secret=True):
        """What every form prints, after a look at every byte of it."""
        shown = []
        for form in FORMS:
            words = [os.fsencode(word) for word in (PROGRAM, *arguments, *form)]
            keys = [b"--passphrase-file", self.path("pass").encode()] if secret else []
            done = subprocess.run(words + keys, env=self.env, capture_output=True, cwd="/",
                                  timeout=120, check=False)
            assert done.returncode in codes, (words, done)
            for stream in (done.stdout, done.stderr):
                stream.decode("utf-8")
                found = STEERING.search(stream.replace(b"\r\n", b"\n"))
                assert not found, (words, stream[max(0, found.start() - 60):found.end() + 20])
                assert form == ["--csv"] or b"\n- deleted" not in stream, words
                assert b"\rok" not in stream, words
            shown.append(done.stdout)
        return shown


def every_verb(place):
    source = os.fsencode(place.source)
    os.makedirs(source)
    for name in NAMES:
        with open(source + b"/" + name, "wb") as out:
            out.write(name)
        os.symlink(name, source + b"/link-" + name)
        os.makedirs(source + b"/folder-" + name)
    repository, second = place.path("repository"), place.path("second")
    place.run("init", repository, "--kdf-memory", "8 MiB")
    place.run("init", second, "--like", repository, "--kdf-memory", "8 MiB")
    tags = [word for name in NAMES for word in ("--tag", name)]
    place.all_of("backup", repository, place.source, "--host", NAMES[0] + NAMES[3], *tags)
    with open(source + b"/" + NAMES[3], "ab") as out:
        out.write(b"more")
    place.all_of("backup", repository, source + b"/folder-" + NAMES[3], source, source + b"/gone-" +
                 NAMES[4], codes=(3,))

    listed = json.loads(place.all_of("ls", repository, "latest", "-l")[1])["rows"]
    found = {os.fsencode(row["path"]) for row in listed}
    for name in NAMES:
        assert source + b"/" + name in found, name
    targets = {os.fsencode(row["target"]) for row in listed}
    assert targets.issuperset(NAMES)
    place.all_of("ls", repository, "latest")
    snapshots = json.loads(place.all_of("snapshots", repository)[1])["rows"]
    assert [os.fsencode(tag) for tag in snapshots[0]["tags"]] == NAMES, snapshots[0]
    assert os.fsencode(snapshots[0]["host"]) == NAMES[0] + NAMES[3], snapshots[0]
    assert source + b"/folder-" + NAMES[3] in map(os.fsencode, snapshots[-1]["paths"])
    # What we printed we read again, bytes that are no UTF-8 included.
    place.write("list.json", place.all_of("snapshots", repository)[1])
    place.all_of("retention", "-p", "restic: --keep-last 1", place.path("list.json"),
                 secret=False)
    differences = json.loads(place.all_of("diff", repository, snapshots[0]["id"], "latest")[1])
    assert source + b"/" + NAMES[3] in {os.fsencode(row["path"]) for row in differences["rows"]}
    for arguments in (["stats", repository], ["stats", repository, "--presence"],
                      ["check", repository, "--open-data"],
                      ["forget", repository, "--policy", "restic: --keep-last 1", "--dry-run"],
                      ["forget", repository, "--policy", "restic: --keep-tag " +
                       os.fsdecode(NAMES[3]), "--dry-run"],
                      ["copy", repository, "--to", second],
                      ["restore", repository, "--target", place.path("out")],
                      ["snapshots", repository, "--host", NAMES[3], "--tag", NAMES[0]],
                      ["bill", repository, "--prices", NAMES[3], "--region", NAMES[0]]):
        place.all_of(*arguments, codes=(0, 1, 2))
    # Everything that an error repeats.
    for word in NAMES:
        for arguments in (["snapshots", b"/tmp/nothing-" + word], ["ls", repository, word],
                          ["ls", repository, "latest", word], ["forget", repository, word],
                          ["unforget", repository, word], ["dump", repository, "latest", word],
                          ["restore", repository, "--path", word, "--target", place.path("none")],
                          ["key", "remove", repository, word],
                          ["backup", repository, b"/gone-" + word], [word],
                          ["snapshots", repository, b"--" + word],
                          ["snapshots", repository, "--host", word]):
            place.all_of(*arguments, codes=(0, 1, 2, 10))
    for word in NAMES[:6]:
        place.run("key", "add", repository, "--new-passphrase-file", place.path("pass2"), "--label",
                  os.fsdecode(word), "--kdf-memory", "8 MiB")
    place.all_of("key", "list", repository)
    place.all_of("backup", repository, "--stdin-from-command", b"/gone-" + NAMES[3], codes=(1, 2))


with tempfile.TemporaryDirectory(dir="/tmp") as folder:
    every_verb(Hostile(folder))
    print("ok every_verb")
