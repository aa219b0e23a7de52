"""Split tests into assertions, each with a verdict of its own. Only the tests are parsed here, never a program.

Every assertion becomes `with __case__(3) as __it__: __it__.holds(...)`, which notes what came of it and goes on;
`runner` has `__case__`. An assertion that is true by itself (`assert True`) tests nothing and is left out.
"""

import ast
import builtins
import symtable
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from typing import NamedTuple

LONGEST_CASE = 200  # characters of an assertion as it is shown
MARK = "…"


class Split(NamedTuple):
    """Tests as they are run: `code`, its `cases` as they are shown, and the `names` that it wants of the program."""

    code: str
    cases: tuple[str, ...]
    names: tuple[str, ...]


@lru_cache(maxsize=1024)
def split(tests: str) -> Split:
    """The assertions of tests. Raises SyntaxError or ValueError where the tests are no Python."""
    tree = ast.parse(tests)
    splitter = _Splitter(_called(tree))
    code = ast.unparse(ast.fix_missing_locations(splitter.visit(tree)))
    return Split(code, tuple(splitter.cases), tuple(sorted(_free_names(tests))))


def shortened(text: str, longest: int) -> str:
    """The text in one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - len(MARK)] + MARK


class _Splitter(ast.NodeTransformer):
    """Puts every assertion into a case; `known` are the names under which the tests' functions get the program's."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.cases: list[str] = []
        self._shown = _Renamed(known)

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """An assertion alone; its message would say less than what the program gave."""
        if isinstance(node.test, ast.Constant) and node.test.value:
            return ast.Pass()
        return self._case(node, [ast.Expr(_call("holds", _noted(node.test)))])

    def visit_Try(self, node: ast.Try) -> ast.stmt:
        """A `try` that looks at what is raised is one case as it stands; its assertions may be part of that."""
        if not node.handlers or not any(isinstance(one, ast.Assert) for one in ast.walk(node)):
            self.generic_visit(node)
            return node
        return self._case(node, [node])

    def _case(self, node: ast.stmt, body: list[ast.stmt]) -> ast.stmt:
        shown = self._shown.visit(deepcopy(node))
        if isinstance(shown, ast.Assert):
            shown.msg = None
        number = len(self.cases)
        self.cases.append(shortened(ast.unparse(shown), LONGEST_CASE))
        call = ast.Call(ast.Name("__case__", ast.Load()), [ast.Constant(number)], [])
        return ast.With([ast.withitem(call, ast.Name("__it__", ast.Store()))], body)


class _Renamed(ast.NodeTransformer):
    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._known.get(node.id, node.id), node.ctx)


def _call(name: str, value: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(ast.Name("__it__", ast.Load()), name, ast.Load()), [value], [])


def _noted(test: ast.expr) -> ast.expr:
    """The condition, which notes on its way what stands left of it."""
    match test:
        case ast.Compare(left, [op], [right]):
            return ast.Compare(_call("got", left), [op], [right])
        case ast.UnaryOp(ast.Not(), operand):
            return ast.UnaryOp(ast.Not(), _call("got", operand))
        case _:
            return test


def _called(tree: ast.Module) -> dict[str, str]:
    """The program's functions that the tests hand on, by the names they have there: `check(add)` of `def check(f)`."""
    functions = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    known: dict[str, str] = {}
    for one in tree.body:
        match one:
            case ast.Expr(ast.Call(ast.Name(name), arguments)) if name in functions:
                parameters = functions[name].args.args
                pairs = zip(parameters, arguments, strict=False)
                known |= {p.arg: given.id for p, given in pairs if isinstance(given, ast.Name)}
            case _:
                pass
    return known


def _free_names(tests: str) -> set[str]:
    """The names that tests use and neither they nor Python define: those of the program."""
    top = symtable.symtable(tests, "tests.py", "exec")
    bound = {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}
    used = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    used |= {one.get_name() for table in _below(top) for one in table.get_symbols() if one.is_global()}
    return used - bound - set(dir(builtins)) - {"__name__"}


def _below(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for child in table.get_children():
        yield child
        yield from _below(child)
