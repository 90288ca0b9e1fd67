"""Writes the page of an outage, ready to be uploaded to the bucket of templates/dr-site.yaml.

    python3 tools/site.py FOLDER [--status TEXT] [--http]

--status replaces the status line, and adds the time in UTC. --http is for a site without a certificate: S3 cannot send the
header Refresh, so the page refreshes by an element of its own.
"""

import argparse
import datetime
import html
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "site"
STATUS = re.compile(r'(<p id="status" role="status">).*(</p>)')
LONGEST_STATUS = 280
REFRESH = '<meta http-equiv="refresh" content="60">\n'


def status_line(text, now):
    """The text, harmless in HTML, and the time at which it was written."""
    if not text.strip() or len(text) > LONGEST_STATUS:
        raise SystemExit(f"error: a status has 1 to {LONGEST_STATUS} characters")
    text = html.escape(" ".join(text.split()))
    return f'{text} <time datetime="{now:%Y-%m-%dT%H:%MZ}">({now:%d %B, %H:%M} UTC)</time>'


def page(source, status, is_http, now):
    if status is not None:
        source, count = STATUS.subn(lambda line: line[1] + status_line(status, now) + line[2], source)
        assert count == 1, "the page has one status line"
    return source.replace("<title>", REFRESH + "<title>") if is_http else source


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--status")
    parser.add_argument("--http", action="store_true")
    given = parser.parse_args()
    now = datetime.datetime.now(datetime.timezone.utc)
    given.folder.mkdir(parents=True, exist_ok=True)
    for name in ("index.html", "still.html"):
        source = (SOURCE / name).read_text(encoding="utf-8")
        written = page(source, given.status, given.http and name == "index.html", now)
        (given.folder / name).write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
