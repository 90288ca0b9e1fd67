"""Prepares the documents for mdBook, and checks the links of the built book.

    python3 tools/book.py assemble FOLDER MERMAID.js    copies the pages of docs/SUMMARY.md and the settings into FOLDER
    python3 tools/book.py check FOLDER                  fails if a link or an anchor in FOLDER's pages leads nowhere

The pages keep their places: a link between two documents is the same on disk and in the book. A link to another file of
the repository opens a copy of that file. A link to a folder becomes text, because a book has no folders to show.
"""

import html.parser
import pathlib
import re
import shutil
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SETTINGS = DOCS / "book"
IMAGE = re.compile(r"!\[[^\[\]]*\]\(([^()\s]+)\)")
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
FENCE = re.compile(r"^\s*(```|~~~)")


def assemble(folder, mermaid):
    """Copies the settings, the pages and the files that they link to."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = folder / "src"
    pages.mkdir(parents=True)
    for setting in SETTINGS.iterdir():
        shutil.copy(setting, folder)
    shutil.copy(mermaid, folder / "mermaid.min.js")

    summary = (DOCS / "SUMMARY.md").read_text(encoding="utf-8")
    listed = {(DOCS / target).resolve() for _, target in LINK.findall(summary)}
    errors = [f"docs/SUMMARY.md lacks {page.relative_to(ROOT)}" for page in documents() if page not in listed]
    (pages / "SUMMARY.md").write_text(
        LINK.sub(lambda link: f"[{link[1]}]({relative(DOCS / link[2])})", summary), encoding="utf-8"
    )
    for page in sorted(listed):
        if page.is_file():
            errors += copy_page(page, pages, listed)
        else:
            errors.append(f"docs/SUMMARY.md names {page.relative_to(ROOT)}, which does not exist")
    return errors


def documents():
    """Every document under docs/ that has to be a page."""
    return sorted(page for page in DOCS.rglob("*.md") if page.name != "SUMMARY.md")


def copy_page(page, pages, listed):
    """Copies a page, with its links as the book needs them."""
    errors = []

    def link(match):
        text, target = match[1], match[2]
        if urllib.parse.urlsplit(target).scheme or target.startswith("#"):
            return match[0]
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve()
        if not file.exists():
            errors.append(f"{relative(page)}: {target} does not exist")
        elif file.is_dir():
            return text
        elif file not in listed:
            if file.suffix == ".md":
                errors.append(f"{relative(page)}: {target} is no page of docs/SUMMARY.md")
            copy_to(file, pages)
        elif file.name == "README.md":
            # mdBook names such a page index.html, and does not follow a link to README.md.
            return f"[{text}]({path.removesuffix('README.md')}index.md{'#' + anchor if anchor else ''})"
        return match[0]

    def image(match):
        file = (page.parent / match[1]).resolve()
        if file.is_file():
            copy_to(file, pages)
        else:
            errors.append(f"{relative(page)}: {match[1]} does not exist")
        return match[0]

    lines = page.read_text(encoding="utf-8").splitlines()
    text = outside_of_code(lines, lambda prose: LINK.sub(link, IMAGE.sub(image, prose)))
    destination = pages / relative(page)
    destination.parent.mkdir(parents=True, exist_ok=True)
    destination.write_text(text + "\n", encoding="utf-8")
    return errors


def outside_of_code(lines, change):
    """Applies `change` to the prose between fenced blocks. A link may span two lines."""
    parts, current, is_code = [], [], False
    for line in lines:
        if FENCE.match(line):
            if is_code:
                parts.append("\n".join([*current, line]))
                current = []
            else:
                parts.append(change("\n".join(current)))
                current = [line]
            is_code = not is_code
        else:
            current.append(line)
    rest = "\n".join(current)
    parts.append(rest if is_code else change(rest))
    return "\n".join(part for part in parts if part)


def copy_to(file, pages):
    destination = pages / relative(file)
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, destination)


def relative(path):
    return path.resolve().relative_to(ROOT).as_posix()


class Page(html.parser.HTMLParser):
    """The anchors and the links of a page."""

    def __init__(self, file):
        super().__init__()
        self.anchors, self.links = set(), []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def check(folder):
    """Every link within the book that leads nowhere."""
    pages = {file.resolve(): Page(file) for file in sorted(folder.rglob("*.html"))}
    errors = []
    for file, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else file
            anchor = urllib.parse.unquote(parts.fragment)
            if not target.exists():
                errors.append(f"{file.relative_to(folder)}: {link} does not exist")
            elif anchor and target in pages and anchor not in pages[target].anchors:
                errors.append(f"{file.relative_to(folder)}: {link} has no such anchor")
    print(f"{len(pages)} pages in {folder}")
    return errors


def main(arguments):
    match arguments:
        case ["assemble", folder, mermaid]:
            errors = assemble(pathlib.Path(folder), pathlib.Path(mermaid))
        case ["check", folder]:
            errors = check(pathlib.Path(folder).resolve())
        case _:
            sys.exit(__doc__)
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
