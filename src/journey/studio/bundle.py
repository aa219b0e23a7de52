"""The viewer's files as they stand inside a page: modules made one script, fonts inside the style, the policy."""

import re
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

VIEWER = Path(__file__).with_name("viewer")
KATEX = VIEWER / "katex"
# In the order in which they need each other.
MODULES = ("layout", "levels", "tree", "bind", "page")
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_FONT = re.compile(r"url\((fonts/KaTeX_\w+-\w+\.woff2)\)")


def viewer_script() -> str:
    """The viewer's modules as one script: each in a function of its own, what it exports under its name."""
    parts: list[str] = []
    for name in MODULES:
        text = (VIEWER / f"{name}.js").read_text(encoding="utf-8")
        exports = [found[2] for found in _EXPORT.finditer(text)]
        text = _EXPORT.sub(r"\1 \2", _IMPORT.sub(r"const \1 = \2_;\n", text))
        parts.append(f"const {name}_ = (() => {{\n{text}\nreturn {{ {', '.join(exports)} }};\n}})();\n")
    return _closed("".join(parts))


def katex_script() -> str:
    """KaTeX, as a script that sets `window.katex`."""
    return _closed((KATEX / "katex.min.js").read_text(encoding="utf-8"))


def katex_style() -> str:
    """KaTeX's style with its fonts inside."""

    def inside(found: re.Match[str]) -> str:
        return f"url(data:font/woff2;base64,{b64encode((KATEX / found[1]).read_bytes()).decode()})"

    return _FONT.sub(inside, (KATEX / "katex.min.css").read_text(encoding="utf-8"))


def page_style() -> str:
    """The studio's style, and what Streamlit gives around it elsewhere."""
    own = (
        ":root { color-scheme: light dark; } "
        "body { margin: 0; font-family: 'Source Sans 3', 'Source Sans Pro', system-ui, sans-serif; } "
        ".journey { background: var(--paper); box-sizing: border-box; min-height: 100vh; padding: 1.5rem 2rem 3rem; } "
        "@media (max-width: 900px) { .journey { padding: 1rem; } }"
    )
    return (VIEWER / "studio.css").read_text(encoding="utf-8") + own


def policy(scripts: Sequence[str], *, pictures: bool = False) -> str:
    """A policy under which these scripts run and nothing else, and nothing is loaded; `pictures` stand in the page."""
    hashes = [f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts]
    return POLICY.format(scripts=" ".join(hashes)) + "; img-src data:" * pictures


def _closed(script: str) -> str:
    """The script as it may stand in its element. Raises ValueError where it would end it."""
    if re.search(r"</script|<!--", script, re.IGNORECASE):
        raise ValueError("a script that cannot stand in a page")
    return script
