"""Lists over everything in a run: filtered, searched, sorted, a page at a time, each with its own address."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from journey.studio import safe
from journey.studio.excerpt import excerpt, marked
from journey.studio.head import level_text
from journey.studio.place import href, link, without
from journey.studio.problem_head import WORDS, mark_html
from journey.studio.reading import CHOICES, NOT_RIGHT, OF_PROBLEM, PAGE, RANGES, Filter, Lists, lists_of
from journey.studio.records import text_of
from journey.studio.view import view

FIRST: dict[str, tuple[str, ...]] = {
    "problems": ("outcome", "level", "subject"),
    "trees": ("outcome", "level", "subject"),
    "thoughts": ("outcome", "method", "level"),
    "attempts": ("outcome", "model", "decoding"),
}
"""What stands beside the search; the other filters are under `More`."""
NAMES = {
    "outcome": "result", "letters": "length in letters", "right_attempts": "right attempts", "policy": "steps by",
    "right_leaves": "right leaves", "wrong_branches": "wrong branches", "split": "part",
    "finish": "ended by", "error": "kind of error",
}  # fmt: skip
KEY_WORDS = ("wait", "alternatively", "let me", "check", "therefore", "but", "hmm", "go back")
HAS_WORDS = ("thoughts", "attempts")
LINE = 400  # letters of a question in a row


def filter_of(where: Mapping[str, str]) -> Filter:
    """The filter that an address names; what it does not know it leaves."""
    table = where.get("page", "")
    sort, falling = where.get("sort", ""), where.get("down") == "1"
    return Filter(
        table,
        chosen={column: where[column] for column in CHOICES[table] if column in where},
        least=_bounds(where, "least", table),
        most=_bounds(where, "most", table),
        words=tuple(where[name] for name in ("q", "word") if where.get(name, "").strip()),
        problem=where.get("problem"),
        tree=where.get("tree"),
        sort=sort or None,
        falling=falling,
    )


def list_page(path: Path, run: str, where: Mapping[str, str]) -> None:
    """Filters, then the rows, each a link to its item."""
    table = where["page"]
    lists = lists_of(path)
    with st.container(key="filters"):
        _filters(lists, table, where)
    filter = filter_of(where)
    total = lists.count(filter)
    page = min(_number(where.get("at", "")) or 0, max(0, (total - 1) // PAGE))
    rows = lists.page(filter, page)
    excerpts = _excerpts(path, table, filter.words, rows)
    html = rows_html(run, table, rows, filter.words, excerpts)
    view(_narrowed(where) + html + _pager({**where, "run": run}, page, total), "body")


def _excerpts(path: Path, table: str, words: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The line around the words that were searched for, by the row's id; a problem's question shows them itself."""
    if not words or table == "problems":
        return {}
    return {row["id"]: excerpt(text_of(path, table, row["id"]), words) for row in rows}


def _narrowed(where: Mapping[str, str]) -> str:
    """Says that the list is of one problem or tree only, which no widget shows."""
    narrow = [name for name in ("problem", "tree") if name in where]
    if not narrow:
        return ""
    return f'<p class="quiet">Only those of one {narrow[0]}. {link("Show all", **without(where, *narrow, "at"))}</p>'


def _bounds(where: Mapping[str, str], kind: str, table: str) -> dict[str, int]:
    found = {column: _number(where.get(f"{kind}_{column}", "")) for column in RANGES[table]}
    return {column: number for column, number in found.items() if number is not None}


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None


def _filters(lists: Lists, table: str, where: Mapping[str, str]) -> None:
    choices = [  # what all records share is nothing to choose by
        c for c in CHOICES[table] if c == "outcome" or c in where or len(lists.values(table, c)) > 1
    ]
    first, has_word = [column for column in FIRST[table] if column in choices], table in HAS_WORDS
    columns = st.columns([2.4, *([1.1] * (len(first) + has_word)), 1.3, 0.9], vertical_alignment="bottom", gap="small")
    with columns[0]:
        _field("q", where, lambda key: st.text_input("search", key=key, placeholder="words in the text",
                                                     on_change=_changed, args=(key, "q")))  # fmt: skip
    for column, place in zip(first, columns[1:], strict=False):
        with place:
            _choice(lists, table, column, where)
    if has_word:
        with columns[len(first) + 1]:
            _word(where)
    with columns[-2]:
        _sort(table, where)
    used = [n for n in where if n in CHOICES[table] and n not in first] + [
        n for n in where if n[:5] in ("least", "most_")
    ]
    with columns[-1], st.popover(f"More · {len(used)}" if used else "More", use_container_width=True):
        for column in choices:
            if column not in first:
                _choice(lists, table, column, where)
        for column in RANGES[table]:
            _range(column, where)


def _field(name: str, where: Mapping[str, str], made: Any) -> None:
    """A widget whose value is what the address says: the address is the only truth about a filter."""
    key = f"filter {name}"
    st.session_state[key] = where.get(name, "")
    made(key)


def _changed(key: str, name: str) -> None:
    """The widget's value goes into the address; any other filter starts at the first page."""
    value = st.session_state[key]
    where = without(st.query_params.to_dict(), name, "at")
    if value not in (None, ""):
        where[name] = "" if value == NOTHING else str(value)
    st.query_params.from_dict(where)


NOTHING = "(none)"


def _choice(lists: Lists, table: str, column: str, where: Mapping[str, str]) -> None:
    counts = {NOTHING if value is None else value: n for value, n in lists.values(table, column)}
    if column == "outcome":
        tried = {value: n for value, n in counts.items() if value not in ("right", NOTHING)}
        counts |= {NOT_RIGHT: sum(tried.values())} if len(tried) > 1 and "right" in counts else {}
    key = f"filter {column}"
    chosen = where.get(column)
    value = None if chosen is None else chosen or NOTHING
    if value is not None and value not in counts:
        counts[value] = 0
    st.session_state[key] = value
    is_counted = not (column in OF_PROBLEM and table != "problems")

    def words_of(value: str) -> str:
        word = (
            {**WORDS, NOTHING: WORDS[None]}.get(value, value)
            if column == "outcome"
            else {"0": "no", "1": "yes"}.get(value, value)
            if column == "refined"
            else value
        )
        return f"{word} ({counts[value]:,})" if is_counted else word

    st.selectbox(
        NAMES.get(column, column), list(counts), key=key, index=None, format_func=words_of, placeholder="any",
        on_change=_changed, args=(key, column),
    )  # fmt: skip


def _word(where: Mapping[str, str]) -> None:
    key = "filter word"
    chosen = where.get("word") or None
    options = [*KEY_WORDS, *([chosen] if chosen and chosen not in KEY_WORDS else [])]
    st.session_state[key] = chosen
    st.selectbox("key word", options, key=key, index=None, placeholder="any", accept_new_options=True,
                 on_change=_changed, args=(key, "word"))  # fmt: skip


def _sort(table: str, where: Mapping[str, str]) -> None:
    columns = [c for c in (*CHOICES[table], *RANGES[table]) if not (c in OF_PROBLEM and table != "problems")]
    options = [f"{column} {way}" for column in columns for way in ("up", "down")]
    key = "filter sort"
    current = f"{where['sort']} {'down' if where.get('down') == '1' else 'up'}" if where.get("sort") else None
    st.session_state[key] = current if current in options else None

    def words_of(option: str) -> str:
        column, way = option.rsplit(" ", 1)
        return f"{NAMES.get(column, column)} {'↓' if way == 'down' else '↑'}"

    st.selectbox(
        "sort",
        options,
        key=key,
        index=None,
        format_func=words_of,
        placeholder="as made",
        on_change=_sorted,
        args=(key,),
    )


def _sorted(key: str) -> None:
    value = st.session_state[key]
    where = without(st.query_params.to_dict(), "sort", "down", "at")
    if value:
        where["sort"], way = value.rsplit(" ", 1)
        where |= {"down": "1"} if way == "down" else {}
    st.query_params.from_dict(where)


def _range(column: str, where: Mapping[str, str]) -> None:
    low, high = st.columns(2)
    for place, kind, word in ((low, "least", "at least"), (high, "most", "at most")):
        with place:
            name = f"{kind}_{column}"
            key = f"filter {name}"
            st.session_state[key] = _number(where.get(name, ""))
            st.number_input(f"{NAMES.get(column, column)}, {word}", min_value=0, value=None, step=1, key=key,
                            on_change=_changed, args=(key, name))  # fmt: skip


def rows_html(
    run: str, table: str, rows: Sequence[Mapping[str, Any]], words: Sequence[str] = (),
    excerpts: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Rows of a list as links to their items; `excerpts` is HTML by id, the words that were searched for are marked."""
    if not rows:
        return '<p class="empty">Nothing here fits the filter.</p>'
    listed = "".join(_row(run, table, row, words, (excerpts or {}).get(row["id"], "")) for row in rows)
    return f'<div class="rows">{listed}</div>'


def _row(run: str, table: str, row: Mapping[str, Any], words: Sequence[str], words_of: str) -> str:
    left, facts, where = ROWS[table](row)
    what = marked(_short(str(row["question"])), words if table == "problems" else ())
    if table == "attempts" and row["answer"] is not None:
        what += f' <span class="quiet">→ {safe.answer(safe.line(str(row["answer"]), 80))}</span>'
    inside = f'{left}<span class="what">{what}</span><span class="facts">{facts}</span>'
    inside += f'<span class="excerpt">{words_of}</span>' if words_of else ""
    return link(inside, "row", run=run, **where)


def _short(question: str) -> str:
    """The question in one line of at most `LINE` letters, cut before a formula rather than within one."""
    text = safe.line(question, 10 * LINE)
    across = next((f for f in safe.formulas(text) if f.start < LINE <= f.end), None)
    return safe.line(text, LINE) if across is None else f"{text[: across.start]}…"


def _problem_row(row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    words_of = [safe.html(words_of) for words_of in (level_text(row["level"]), str(row["subject"] or "")) if words_of]
    if row["trees"] > 1:
        words_of.append(f"{row['trees']:,} trees")
    if row["attempts"]:
        words_of.append(f"{row['right_attempts']:,} of {row['attempts']:,} attempts right")
    return mark_html(row["outcome"]), " · ".join(words_of), {"page": "problem", "id": row["id"]}


def _tree_row(row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    facts = f"{row['steps']:,} steps · {row['depth']} levels · {row['wrong_branches']:,} wrong branches"
    return mark_html(row["outcome"]), facts, {"page": "tree", "id": row["id"]}


def _thought_row(row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    trials = f"{row['trials']:,} trial{'' if row['trials'] == 1 else 's'}"
    words_of = [
        safe.html(row["method"]),
        trials,
        f"{row['letters']:,} letters",
        *(["refined"] if row["refined"] else []),
    ]
    place = (
        {"page": "tree", "id": row["tree"], "thought": row["id"]}
        if row["tree"]
        else {"page": "thought", "id": row["id"]}
    )
    return mark_html(row["outcome"]), " · ".join(words_of), place


def _attempt_row(row: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    words_of = [safe.html(row["model"]), safe.html(row["decoding"]), f"{row['tokens']:,} tokens"]
    if row["error"]:
        words_of.insert(0, safe.html(row["error"]))
    return mark_html(row["outcome"]), " · ".join(words_of), {"page": "attempt", "id": row["id"]}


ROWS = {"problems": _problem_row, "trees": _tree_row, "thoughts": _thought_row, "attempts": _attempt_row}


def _pager(where: Mapping[str, str], page: int, total: int) -> str:
    if not total:
        return ""
    rest = without(where, "at")
    before = link("earlier", **rest, at=page - 1) if page else ""
    after = link("later", **rest, at=page + 1) if (page + 1) * PAGE < total else ""
    last = min(total, (page + 1) * PAGE)
    address = "journey/rows.jsonl" + href(**rest)
    download = f'<a href="{safe.html(address, math=False)}" download>Download these {total:,} as JSONL</a>'
    return (
        f'<div class="pager"><span>{page * PAGE + 1:,} to {last:,} of {total:,}</span>{before}{after}'
        f'<span class="end">{download}</span></div>'
    )
