#!/usr/bin/env python3
"""Compares the models of the AWS operations that the functions call: a pinned botocore with the newest one.

    python3 tools/aws_news.py compare [--pinned VERSION] [--newest VERSION]
    python3 tools/aws_news.py calls

`compare` downloads both versions with pip, which uses PIP_INDEX_URL, and prints what changed. `calls` lists the calls.
"""

import argparse
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "tools" / "requirements-news.txt"
DOWNLOADS = ROOT / ".tools" / "aws-news"

# The sources with the calls: each function's description, and the crates whose constants it names.
SOURCES = ("functions/*/src/description.rs", "crates/*/src/**/*.rs", "shared/src/**/*.rs")
CALL = re.compile(r'"([a-z][a-z0-9-]*):([A-Z][A-Za-z0-9]+)"')

# Permissions that no function calls: a service checks them for the caller.
NO_OPERATIONS = {"iam:PassRole"}

# The constraints of a member that matter to a caller.
CONSTRAINTS = ("min", "max", "pattern")


def calls(root=ROOT):
    """The calls of all functions, as IAM names them."""
    files = (path for pattern in SOURCES for path in root.glob(pattern))
    found = {":".join(match) for path in files for match in CALL.findall(path.read_text(encoding="utf-8"))}
    return sorted(found - NO_OPERATIONS)


def load(wheel, service):
    """The newest model of a service in a wheel of botocore, or None."""
    with zipfile.ZipFile(wheel) as archive:
        pattern = re.compile(rf"botocore/data/{re.escape(service)}/[^/]+/service-2\.json(\.gz)?$")
        names = sorted(name for name in archive.namelist() if pattern.match(name))
        if not names:
            return None
        data = archive.read(names[-1])
    return json.loads(gzip.decompress(data) if names[-1].endswith(".gz") else data)


def members(model, shape, path, within=()):
    """Each member below a shape: its path, and what a caller has to know of it. A recursive shape is entered once."""
    described = model["shapes"][shape]
    facts = {"type": described["type"]}
    facts.update({name: described[name] for name in CONSTRAINTS if name in described})
    facts["values"] = tuple(described.get("enum", ()))
    if path:
        yield path, facts
    if shape in within:
        return
    within = (*within, shape)
    if described["type"] == "structure":
        required = described.get("required", ())
        for name, member in described.get("members", {}).items():
            inner = f"{path}.{name}" if path else name
            for at, found in members(model, member["shape"], inner, within):
                yield at, ({**found, "required": name in required} if at == inner else found)
    elif described["type"] == "list":
        yield from members(model, described["member"]["shape"], f"{path}[]", within)
    elif described["type"] == "map":
        yield from members(model, described["value"]["shape"], f"{path}{{}}", within)


def described(model, operation):
    """What a caller of an operation depends on: input, output and errors by path. None if there is no such operation."""
    found = model["operations"].get(operation)
    if found is None:
        return None
    parts = {}
    for part in ("input", "output"):
        if part in found:
            parts.update({(part, path): facts for path, facts in members(model, found[part]["shape"], "")})
    for error in found.get("errors", ()):
        parts["error", error["shape"]] = {"type": "error", "values": ()}
    return parts


def changes(old, new, operation):
    """The changes of an operation, one line each. A model may be None: the service is not in that version."""
    before = described(old, operation) if old else None
    after = described(new, operation) if new else None
    if before is None or after is None:
        states = {(True, False): "is new", (False, True): "was removed", (True, True): "is in neither version"}
        state = states.get((before is None, after is None))
        return [f"the operation {state}"] if state else []
    lines = [f"new {name(part)}" for part in outermost(after.keys() - before.keys())]
    lines += [f"removed {name(part)}" for part in outermost(before.keys() - after.keys())]
    for part in sorted(before.keys() & after.keys()):
        lines += [f"{name(part)}: {change}" for change in changed(before[part], after[part])]
    return lines


def outermost(parts):
    """The parts, in order, without those inside of another one."""
    kept = []
    for kind, path in sorted(parts):
        inside = (other for of, other in kept if of == kind)
        if not any(path.startswith((f"{other}.", f"{other}[", f"{other}{{")) for other in inside):
            kept.append((kind, path))
    return kept


def changed(before, after):
    """What differs between the facts about one member."""
    for value in after["values"]:
        if value not in before["values"]:
            yield f"new value {value}"
    for value in before["values"]:
        if value not in after["values"]:
            yield f"removed value {value}"
    for fact in ("type", "required", *CONSTRAINTS):
        if before.get(fact) != after.get(fact):
            yield f"{fact} {shown(before.get(fact))} is now {shown(after.get(fact))}"


def name(part):
    return " ".join(part)


def shown(value):
    return "(none)" if value is None else str(value)


def report(old, new, named):
    """The text about all calls: `old` and `new` return the model of a service."""
    lines, unchanged = [], 0
    for call in named:
        service, operation = call.split(":")
        found = changes(old(service), new(service), operation)
        unchanged += not found
        if found:
            lines += [call, *(f"  {line}" for line in found)]
    lines.append(f"{unchanged} of {len(named)} calls are unchanged")
    return "\n".join(lines)


def pinned_version(text):
    match = re.search(r"^botocore==(\S+)$", text, re.MULTILINE)
    if match is None:
        raise SystemExit(f"error: {REQUIREMENTS.name} pins no botocore")
    return match[1]


def download(requirement, folder):
    """The wheel of a requirement."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"error: pip could not download {requirement}; it needs PyPI or a mirror (PIP_INDEX_URL)")
    return max(pathlib.Path(folder).glob("botocore-*.whl"), key=lambda path: path.stat().st_mtime)


def compare(pinned, newest):
    pinned = pinned or pinned_version(REQUIREMENTS.read_text(encoding="utf-8"))
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DOWNLOADS) as one, tempfile.TemporaryDirectory(dir=DOWNLOADS) as other:
        old = download(f"botocore=={pinned}", one)
        new = download(f"botocore=={newest}" if newest else "botocore", other)
        print(f"{version(old)} (pinned) and {version(new)}: the calls of the functions")
        print(report(models(old), models(new), calls()))


def models(wheel):
    """A function that returns the model of a service, read once."""
    known = {}

    def model(service):
        if service not in known:
            known[service] = load(wheel, service)
        return known[service]

    return model


def version(wheel):
    return "-".join(wheel.name.split("-")[:2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("calls", help="list the calls")
    comparing = commands.add_parser("compare", help="print what changed")
    comparing.add_argument("--pinned", metavar="VERSION", help=f"default: the version in {REQUIREMENTS.name}")
    comparing.add_argument("--newest", metavar="VERSION", help="default: the newest version")
    arguments = parser.parse_args()
    if arguments.command == "calls":
        print("\n".join(calls()))
    else:
        compare(arguments.pinned, arguments.newest)


if __name__ == "__main__":
    main()
