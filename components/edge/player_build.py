"""The page as it is served: scripts and styles bundled by esbuild, assets named after their content. No Pulumi in it.

The name of an asset holds a hash, so browsers and the edge may keep it for a year. It also keeps the scripts of two
deployments apart: an HTML file names the assets that were made with it.
"""

import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

SCRIPTS = ("early.js", "main.js")
STYLE = "style.css"
PICTURES = ("mark.svg",)
PLAIN = ("robots.txt",)
PAGE = "index.html"
ASSETS = "assets"
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
IMMUTABLE = "public, max-age=31536000, immutable"
FRESH = "no-cache"
"""Caches keep the file and ask each time whether it changed: a deployment shows at once, and only a change is sent."""


class BuildError(Exception):
    """The page could not be made. The message says what to do."""


class SiteFile(NamedTuple):
    """One file of the page, as S3 keeps it."""

    path: Path
    content_type: str
    cache_control: str


def build(player: Path, target: Path) -> dict[str, SiteFile]:
    """Make the page of `player` in `target`, and return its files by object key.

    Several processes may use `target` at once, since files of the same name have the same content.
    """
    esbuild = player / "node_modules" / ".bin" / "esbuild"
    if not (esbuild.is_file() and (player / "node_modules" / "hls.js").is_dir()):
        raise BuildError(f"{player / 'node_modules'} is not complete: run `npm ci --prefix player` (or `make setup`)")
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target) as made:
        outputs = _bundle(esbuild, player, Path(made))
        names = {source: f"/{ASSETS}/{Path(output).name}" for output, source in _entries(outputs)}
        keys = {f"{ASSETS}/{Path(output).name}": Path(made) / Path(output).name for output in outputs}
        for picture in PICTURES:
            content = (player / picture).read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:8].upper()
            name = f"{Path(picture).stem}-{digest}{Path(picture).suffix}"
            (Path(made) / name).write_bytes(content)
            names[picture], keys[f"{ASSETS}/{name}"] = f"/{ASSETS}/{name}", Path(made) / name
        page = _page((player / PAGE).read_text(encoding="utf-8"), names, _preloads(outputs))
        (Path(made) / PAGE).write_text(page, encoding="utf-8")
        for name in PLAIN:
            (Path(made) / name).write_bytes((player / name).read_bytes())
        keys |= {name: Path(made) / name for name in (PAGE, *PLAIN)}
        # A rename is atomic, so nobody reads a part of a file.
        return {key: _file(key, path.replace(target / path.name)) for key, path in sorted(keys.items())}


def _bundle(esbuild: Path, player: Path, made: Path) -> dict[str, Any]:
    """esbuild's outputs by path, as its metafile has them."""
    options = ["--bundle", "--splitting", "--format=esm", "--minify", "--target=es2022", "--legal-comments=none"]
    options += ["--entry-names=[name]-[hash]", "--chunk-names=[name]-[hash]", "--log-level=warning"]
    # A name must not depend on where a link to node_modules leads, as in the copy of a program that is compared.
    options += ["--preserve-symlinks", f"--outdir={made}", f"--metafile={made / 'meta.json'}"]
    done = subprocess.run(
        [str(esbuild), *SCRIPTS, STYLE, *options], cwd=player, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(f"the page could not be bundled:\n{done.stderr.strip()}")
    return json.loads((made / "meta.json").read_text(encoding="utf-8"))["outputs"]


def _entries(outputs: dict[str, Any]) -> list[tuple[str, str]]:
    """(output, source) of each file that the HTML names. esbuild calls hls.js an entry too, since it is loaded late."""
    entries = [(output, str(about.get("entryPoint", ""))) for output, about in outputs.items()]
    return [(output, source) for output, source in entries if source in (*SCRIPTS, STYLE)]


def _preloads(outputs: dict[str, Any]) -> str:
    """Links to the outputs that scripts import. The page preloads them, since a browser would find them only later.

    hls.js, which is imported when a film is opened, comes after the rest. The list preloads it too: it is used next.
    """
    imports = [imported for about in outputs.values() for imported in about["imports"]]
    late = {Path(imported["path"]).name: imported["kind"] == "dynamic-import" for imported in imports}
    links = [
        f'  <link rel="modulepreload" href="/{ASSETS}/{name}"' + (' fetchpriority="low">\n' if late[name] else ">\n")
        for name in sorted(late, key=lambda name: (late[name], name))
    ]
    return "".join(links)


def _page(html: str, names: dict[str, str], preloads: str) -> str:
    """The HTML, with the served names of its assets, and `preloads` in its head."""
    for source, name in names.items():
        if f'"/{source}"' not in html:
            raise BuildError(f'{PAGE} does not name "/{source}", which is part of the page')
        html = html.replace(f'"/{source}"', f'"{name}"')
    return html.replace("</head>", f"{preloads}</head>", 1)


def _file(key: str, path: Path) -> SiteFile:
    return SiteFile(path, CONTENT_TYPES[path.suffix], IMMUTABLE if key.startswith(f"{ASSETS}/") else FRESH)
