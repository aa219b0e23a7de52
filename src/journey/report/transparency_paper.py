"""What a technical paper says of a run, and whether it is about that run at all."""

from collections.abc import Mapping

from journey.report.release_data_card import Rights, source_rows
from journey.report.transparency_evidence import Answer, Record

NOT_USED = "not used"


def about(record: Record) -> list[str]:
    """What a paper about this run would name and this one does not: its task or sources, its base, its judges."""
    assert record.paper is not None
    text = record.paper.text.lower()
    wanted: dict[str, str] = {}
    for name, _, words in source_rows(record.run.problems(), Rights()):
        known = name.partition("/")[0] if words is not None else name
        wanted[known or "?"] = f"the source {name}" if name else "a source of its problems"
    base = record.release.manifest["base"] if record.release is not None else None
    if base is not None:
        wanted[str(base)] = f"the base model {base}"
    for judge in sorted({tree.judge for tree in record.once("trees", lambda: list(record.run.trees()))}):
        wanted[judge] = f"the judge {judge}"
    return [what for sought, what in wanted.items() if sought.lower() not in text]


def from_paper(record: Record, section: str, wanted: Mapping[str, str], found: str, *also: str) -> Answer:
    """Yes where the paper is about this run and its section names all that is wanted."""
    if record.paper is None:
        return Answer(False, record.no_paper, also)
    places = (record.paper.place(section), *also)
    if missing := about(record):
        return Answer(False, f"{record.paper.file} is not about this run: it does not name {missing[0]}", also)
    if not record.paper.section(section).strip():
        return Answer(False, f"{record.paper.file} has no section on {section}", also)
    if lacks := record.paper.lacks(section, wanted):
        return Answer(False, f"its section on {section} does not name {lacks[0]}", places)
    return Answer(True, found, places)


def not_used(record: Record, section: str, what: str) -> Answer:
    """Yes where the paper openly says that a technique is not used."""
    if record.paper is None:
        return Answer(False, f"the run has no {what}, and no paper says so openly")
    return from_paper(record, section, {NOT_USED: f"that {what} are {NOT_USED}"}, f"{what}: openly {NOT_USED}")
