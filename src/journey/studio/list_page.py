"""Lists over everything in a run: filtered, searched, sorted, a page at a time, each with its own address."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from journey.studio import safe
from journey.studio.excerpt import excerpt, marked
from journey.studio.fragments import OUTCOMES, level_text
from journey.studio.place import href, link, number_of, without
from journey.studio.reading import CHOICES, NOT_RIGHT, OF_PROBLEM, PAGE, RANGES, Filter, Lists, lists_of
from journey.studio.records import text_of
from journey.studio.templates import html, render
from journey.studio.view import view

FIRST: dict[str, tuple[str, ...]] = {
    "problems": ("outcome", "level", "subject"),
    "trees": ("outcome", "level", "subject"),
    "thoughts": ("outcome", "method", "level"),
    "attempts": ("outcome", "model", "decoding"),
    "rollouts": ("outcome", "way", "model"),
}
"""What stands beside the search; the other filters are under `More`."""
NAMES = {
    "outcome": "result", "letters": "length in letters", "right_attempts": "right attempts", "policy": "steps by",
    "right_leaves": "right leaves", "wrong_branches": "wrong branches", "split": "part",
    "suite_part": "part of the suite",
    "finish": "ended by", "error": "kind of error", "step": "update", "way": "behaviour",
    "mistakes": "wrong branches entered", "recoveries": "wrong branches left", "repeats": "dead ends entered again",
}  # fmt: skip
KEY_WORDS = ("wait", "alternatively", "let me", "check", "therefore", "but", "hmm", "go back")
HAS_WORDS = ("thoughts", "attempts", "rollouts")
NOTHING = "(none)"
LINE = 400  # letters of a question in a row


def filter_of(where: Mapping[str, str]) -> Filter:
    """The filter that an address names; what it does not know it leaves."""
    table = where.get("page", "")
    return Filter(
        table,
        chosen={column: where[column] for column in CHOICES[table] if column in where},
        least=_bounds(where, "least", table),
        most=_bounds(where, "most", table),
        words=tuple(where[name] for name in ("q", "word") if where.get(name, "").strip()),
        problem=where.get("problem"),
        tree=where.get("tree"),
        sort=where.get("sort") or None,
        falling=where.get("down") == "1",
    )


def list_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """Filters, then the rows, each a link to its item."""
    table = where["page"]
    lists = lists_of(path)
    with st.container(key="filters"):
        _filters(lists, table, where)
    filter = filter_of(where)
    total = lists.count(filter)
    page = min(number_of(where.get("at", "")) or 0, max(0, (total - 1) // PAGE))
    rows = lists.page(filter, page)
    # The line around the words that were searched for; a problem's question shows them itself.
    is_cut = filter.words and table != "problems"
    excerpts = {row["id"]: excerpt(text_of(path, table, row["id"]), filter.words) for row in rows if is_cut}
    here = {**without(where, "at"), "run": run}
    address = safe.html("journey/rows.jsonl" + href(**here), math=False)
    download = f'<span class="end"><a href="{address}" download>Download these {total:,} as JSONL</a></span>'
    pager = pager_html(here, page, total, download) if total else ""
    view(_narrowed(where) + rows_html(run, table, rows, filter.words, excerpts) + pager, "body")


def _narrowed(where: Mapping[str, str]) -> str:
    """Says that the list is of one problem or tree only, which no widget shows."""
    narrow = [name for name in ("problem", "tree") if name in where]
    if not narrow:
        return ""
    return f'<p class="muted">Only those of one {narrow[0]}. {link("Show all", **without(where, *narrow, "at"))}</p>'


def _bounds(where: Mapping[str, str], kind: str, table: str) -> dict[str, int]:
    found = {column: number_of(where.get(f"{kind}_{column}", "")) for column in RANGES[table]}
    return {column: number for column, number in found.items() if number is not None}


# --- filters: the address is the only truth about them ----------------------------------------------------------------


def _filters(lists: Lists, table: str, where: Mapping[str, str]) -> None:
    choices = [  # what all records share is nothing to choose by
        c for c in CHOICES[table] if c == "outcome" or c in where or len(lists.values(table, c)) > 1
    ]
    first, has_word = [column for column in FIRST[table] if column in choices], table in HAS_WORDS
    columns = st.columns([2.4, *([1.1] * (len(first) + has_word)), 1.3, 0.9], vertical_alignment="bottom", gap="small")
    with columns[0]:
        key = _filled("q", where.get("q", ""))
        st.text_input("search", key=key, placeholder="words in the text", on_change=_changed, args=("q",))
    for column, place in zip(first, columns[1:], strict=False):
        with place:
            _choice(lists, table, column, where)
    if has_word:
        with columns[len(first) + 1]:
            chosen = where.get("word") or None
            options = [*KEY_WORDS, *([chosen] if chosen and chosen not in KEY_WORDS else [])]
            _select("word", "key word", options, chosen, accept_new_options=True)
    with columns[-2]:
        _sort(table, where)
    used = [n for n in where if (n in CHOICES[table] and n not in first) or n[:5] in ("least", "most_")]
    with columns[-1], st.popover(f"More · {len(used)}" if used else "More", use_container_width=True):
        for column in choices:
            if column not in first:
                _choice(lists, table, column, where)
        for column in RANGES[table]:
            for place, kind, word in zip(st.columns(2), ("least", "most"), ("at least", "at most"), strict=True):
                with place:
                    name = f"{kind}_{column}"
                    key = _filled(name, number_of(where.get(name, "")))
                    st.number_input(f"{NAMES.get(column, column)}, {word}", min_value=0, value=None, step=1, key=key,
                                    on_change=_changed, args=(name,))  # fmt: skip


def _filled(name: str, value: object) -> str:
    """The key of a filter's widget, which shows what the address says."""
    st.session_state[f"filter {name}"] = value
    return f"filter {name}"


def _select(name: str, title: str, options: Sequence[str], value: str | None, **more: Any) -> None:
    st.selectbox(title, options, key=_filled(name, value), index=None, on_change=_changed, args=(name,),
                 **{"placeholder": "any", **more})  # fmt: skip


def _changed(name: str) -> None:
    """The widget's value goes into the address; any other filter starts at the first page."""
    value = st.session_state[f"filter {name}"]
    where = without(st.query_params.to_dict(), name, "at", *(["down"] if name == "sort" else []))
    if name == "sort" and value:
        where["sort"], way = value.rsplit(" ", 1)
        where |= {"down": "1"} if way == "down" else {}
    elif value not in (None, ""):
        where[name] = "" if value == NOTHING else str(value)
    st.query_params.from_dict(where)


def _choice(lists: Lists, table: str, column: str, where: Mapping[str, str]) -> None:
    counts = {NOTHING if value is None else value: n for value, n in lists.values(table, column)}
    if column == "outcome":
        tried = {value: n for value, n in counts.items() if value not in ("right", NOTHING)}
        counts |= {NOT_RIGHT: sum(tried.values())} if len(tried) > 1 and "right" in counts else {}
    chosen = where.get(column)
    value = None if chosen is None else chosen or NOTHING
    if value is not None:
        counts.setdefault(value, 0)
    outcomes = {NOTHING if value is None else value: word for value, (_, _, word) in OUTCOMES.items()}
    words = {"outcome": outcomes, "refined": {"0": "no", "1": "yes"}}.get(column, {})
    is_counted = not (column in OF_PROBLEM and table != "problems")

    def words_of(value: str) -> str:
        return words.get(value, value) + (f" ({counts[value]:,})" if is_counted else "")

    _select(column, NAMES.get(column, column), list(counts), value, format_func=words_of)


def _sort(table: str, where: Mapping[str, str]) -> None:
    columns = [c for c in (*CHOICES[table], *RANGES[table]) if not (c in OF_PROBLEM and table != "problems")]
    options = [f"{column} {way}" for column in columns for way in ("up", "down")]
    current = f"{where.get('sort', '')} {'down' if where.get('down') == '1' else 'up'}"

    def words_of(option: str) -> str:
        column, way = option.rsplit(" ", 1)
        return f"{NAMES.get(column, column)} {'↓' if way == 'down' else '↑'}"

    _select("sort", "sort", options, current if current in options else None, format_func=words_of,
            placeholder="as made")  # fmt: skip


# --- rows -------------------------------------------------------------------------------------------------------------


def rows_html(
    run: str, table: str, rows: Sequence[Mapping[str, Any]], words: Sequence[str] = (),
    excerpts: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Rows of a list as links to their items; `excerpts` is HTML by id, the words that were searched for are marked."""
    listed = [
        (row, html(marked(_short(str(row["question"])), words if table == "problems" else ())), FACTS[table](row),
         html((excerpts or {}).get(row["id"], "")))
        for row in rows
    ]  # fmt: skip
    return render("rows", run=run, table=table, listed=listed)


def _short(question: str) -> str:
    """The question in one line of at most `LINE` letters, cut before a formula rather than within one."""
    text = safe.line(question, 10 * LINE)
    across = next((f for f in safe.formulas(text) if f.start < LINE <= f.end), None)
    return safe.line(text, LINE) if across is None else f"{text[: across.start]}…"


def _problem_facts(row: Mapping[str, Any]) -> list[str]:
    return [
        level_text(row["level"]), str(row["subject"] or ""), f"{row['trees']:,} trees" if row["trees"] > 1 else "",
        f"{row['right_attempts']:,} of {row['attempts']:,} attempts right" if row["attempts"] else "",
    ]  # fmt: skip


def _tree_facts(row: Mapping[str, Any]) -> list[str]:
    return [f"{row['steps']:,} steps", f"{row['depth']} levels", f"{row['wrong_branches']:,} wrong branches"]


def _thought_facts(row: Mapping[str, Any]) -> list[str]:
    trials = f"{row['trials']:,} trial{'' if row['trials'] == 1 else 's'}"
    return [row["method"], trials, f"{row['letters']:,} letters", "refined" if row["refined"] else ""]


def _attempt_facts(row: Mapping[str, Any]) -> list[str]:
    return [row["error"] or "", row["model"], row["decoding"], f"{row['tokens']:,} tokens"]


def _rollout_facts(row: Mapping[str, Any]) -> list[str]:
    return [row["way"] or "", row["model"], f"update {row['step']:,}", f"{row['tokens']:,} tokens"]


FACTS = {
    "problems": _problem_facts, "trees": _tree_facts, "thoughts": _thought_facts, "attempts": _attempt_facts,
    "rollouts": _rollout_facts,
}  # fmt: skip


def pager_html(where: Mapping[str, str], at: int, total: int, end: str = "") -> str:
    """Which part of a list is shown, with links to the pages before and after; `end` stands behind them."""
    rest = without(where, "at")
    before = link("earlier", **rest, at=at - 1) if at else ""
    after = link("later", **rest, at=at + 1) if (at + 1) * PAGE < total else ""
    range_text = f"{at * PAGE + 1:,} to {min(total, (at + 1) * PAGE):,} of {total:,}"
    return f'<div class="pager"><span>{range_text}</span>{before}{after}{end}</div>'
