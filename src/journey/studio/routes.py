"""What the page asks for beside Streamlit: the viewer's own files, and a step in full the moment it is clicked."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from journey.errors import UsageError
from journey.store.faults import StoreError
from journey.store.images import find, read
from journey.studio.list_page import filter_of
from journey.studio.place import number_of
from journey.studio.reading import CHOICES, lists_of
from journey.studio.records import opened, run_at, tree_of
from journey.studio.tree_data import step_html

VIEWER = Path(__file__).with_name("viewer")
Answer = Callable[[Request], Response]


def routes() -> list[BaseRoute]:
    """The addresses under /journey/; each answers to GET only."""
    return [
        Route("/journey/step", _plainly(step), methods=["GET"]),
        Route("/journey/rows.jsonl", _plainly(rows), methods=["GET"]),
        Route("/journey/picture/{name}", _plainly(picture), methods=["GET"]),
        Mount("/journey/viewer", StaticFiles(directory=VIEWER)),
    ]


def step(request: Request) -> Response:
    """A step of a tree as HTML: run, tree (its id) and node."""
    where = request.query_params
    path = opened().get(where.get("run", ""))
    tree = tree_of(path, where.get("tree", "")) if path else None
    node = number_of(where.get("node", ""))
    if path is None or tree is None or node is None or node >= len(tree.nodes):
        return PlainTextResponse("There is no such step.", 404)
    return HTMLResponse(step_html(tree, run_at(path).problem(tree.problem), node))


def rows(request: Request) -> Response:
    """The filtered rows as JSON Lines: the query is that of a list's page."""
    where = dict(request.query_params)
    path, table = opened().get(where.get("run", "")), where.get("page", "")
    if path is None or table not in CHOICES:
        return PlainTextResponse("There is no such list.", 404)
    name = {"content-disposition": f'attachment; filename="{table}.jsonl"'}
    return StreamingResponse(lists_of(path).lines(filter_of(where)), media_type="application/x-ndjson", headers=name)


def picture(request: Request) -> Response:
    """A picture of a problem of an opened run by its SHA-256, which says what it is wherever it lies."""
    name = request.path_params["name"]
    holder = next((path for path in opened().values() if find(path, name) is not None), None)
    if holder is None:
        return PlainTextResponse("There is no such picture.", 404)
    data, media = read(holder, name)
    return Response(data, media_type=media, headers={"cache-control": "private, max-age=86400, immutable"})


def _plainly(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    """The answer made in a thread, so that the page's server never waits; what cannot be read is said in a sentence."""

    async def answered(request: Request) -> Response:
        try:
            return await run_in_threadpool(partial(answer, request))
        except (UsageError, StoreError) as error:
            return PlainTextResponse(str(error), 500)

    return answered
