"""The Technical Transparency Index of a run: 25 questions, 100 points, each answered from what stands on the disk.

After O1 Replication Journey, part 2 (arXiv 2411.16489), Table 3: a yes earns all the points of a question, anything
else none; that a technique is not used counts as yes where that is openly written down.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from journey.report import transparency_method as method
from journey.report import transparency_open as opened
from journey.report.document import Document, Table
from journey.report.transparency_evidence import Answer, Record


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the index: its part, its points, its words, and the check that answers it."""

    part: str
    points: int
    text: str
    check: Callable[[Record], Answer]


DATA, METHOD, EVALUATION, OPEN = "data", "methodology", "evaluation", "open source"
QUESTIONS: tuple[Question, ...] = (
    Question(DATA, 3, "Names, sources and providers of all data cited", method.sources),
    Question(DATA, 3, "Distribution, format and traits documented, enough to replicate", method.distribution),
    Question(DATA, 4, "Criteria of selection and filtering given with reasons", method.filters),
    Question(DATA, 4, "Synthetic data: whole process, prompts and quality control", method.synthetic),
    Question(METHOD, 4, "Base model: architecture and size", method.base_model),
    Question(METHOD, 6, "Search algorithm with all its parts", method.search),
    Question(METHOD, 6, "RL algorithm: objective and procedure", method.reinforcement),
    Question(METHOD, 6, "Long thoughts: the whole workflow of making them", method.long_thoughts),
    Question(METHOD, 3, "Training pipeline: all stages in order", method.stages),
    Question(METHOD, 2, "Compute and infrastructure", method.compute),
    Question(METHOD, 2, "All hyper-parameters", method.hyper_parameters),
    Question(METHOD, 4, "Ablations of each main part", method.ablations),
    Question(EVALUATION, 4, "Choice of benchmarks justified", opened.benchmark),
    Question(EVALUATION, 4, "Level of evaluation stated (answer, step)", opened.level),
    Question(EVALUATION, 4, "Metrics defined (pass@k, maj@k)", opened.metrics),
    Question(EVALUATION, 4, "Metrics of one's own justified", opened.own_metrics),
    Question(EVALUATION, 4, "Same metrics for all that is compared", opened.same_metrics),
    Question(EVALUATION, 4, "Conditions (temperature, top-p) given for all", opened.conditions),
    Question(OPEN, 3, "Post-training data", opened.training_data),
    Question(OPEN, 5, "Long thoughts", opened.thoughts_released),
    Question(OPEN, 5, "Trained weights", opened.weights),
    Question(OPEN, 4, "Training code", opened.training_code),
    Question(OPEN, 4, "Evaluation code", opened.evaluation_code),
    Question(OPEN, 4, "Step-by-step guide", opened.guide),
    Question(OPEN, 4, "A full technical paper", opened.paper),
)


def transparency(record: Record) -> dict[str, Any]:
    """The index as JSON: points and the most there are, in all and by part, and every answer with its evidence."""
    answers: list[dict[str, Any]] = []
    parts: dict[str, dict[str, int]] = {}
    for number, question in enumerate(QUESTIONS, 1):
        found = question.check(record)
        earned = question.points if found.yes else 0
        of = parts.setdefault(question.part, {"points": 0, "of": 0})
        of["points"] += earned
        of["of"] += question.points
        answers.append({
            "number": number, "part": question.part, "question": question.text, "of": question.points, "yes": found.yes,
            "points": earned, "why": found.why, "evidence": list(found.evidence),
        })  # fmt: skip
    return {
        "run": record.run.path.name, "release": record.release_place, "paper": record.paper_place,
        "points": sum(of["points"] for of in parts.values()), "of": sum(q.points for q in QUESTIONS),
        "parts": parts, "answers": answers,
    }  # fmt: skip


def transparency_document(found: Mapping[str, Any]) -> Document:
    """The same for a person: a table of sums, and one of the questions."""
    sums = [(part, f"{of['points']} of {of['of']}") for part, of in found["parts"].items()]
    sums.append(("in all", f"{found['points']} of {found['of']}"))
    rows = [
        (f"{one['number']}. {one['question']}", one["part"], f"{one['points']} of {one['of']}",
         "yes" if one["yes"] else "no", ", ".join(one["evidence"]) or "-", one["why"])
        for one in found["answers"]
    ]  # fmt: skip
    heads = ("question", "part", "points", "answer", "evidence", "what was found")
    beside = f"Release: {found['release'] or 'none'}. Paper: {found['paper'] or 'none'}."
    return Document(
        title=f"{found['run']}: transparency",
        subtitle="Technical Transparency Index",
        headline=[f"{found['points']} of {found['of']} points"],
        parts=[
            Table("", ("part", "points"), sums, strong=(len(sums) - 1,), brief=True),
            Table("Questions", heads, rows, brief=True, prose=True),
        ],
        notes=[beside, "A yes earns all points of a question; what is openly written down as not used is a yes."],
    )


def linked(found: Mapping[str, Any], beside: Path) -> str:
    """The same as Markdown, with links to the evidence from a file in the folder `beside`."""
    lines = [
        f"# Transparency of the run {found['run']}: {found['points']} of {found['of']} points",
        "The Technical Transparency Index of O1 Replication Journey, part 2 (arXiv 2411.16489), answered by "
        "`journey report RUN --transparency` from what stands on the disk. "
        f"Release: {found['release'] or 'none'}. Paper: {found['paper'] or 'none'}.",
        "| part | points |\n|:--|--:|\n"
        + "\n".join(f"| {part} | {of['points']} of {of['of']} |" for part, of in found["parts"].items()),
        "| | question | points | answer | found | evidence |\n|--:|:--|--:|:--|:--|:--|",
    ]
    for one in found["answers"]:
        links = ", ".join(f"[{_short(place)}]({_relative(place, beside)})" for place in one["evidence"]) or "-"
        points, answer = f"{one['points']} of {one['of']}", "yes" if one["yes"] else "**no**"
        why = " ".join(one["why"].split()).replace("|", "\\|")
        lines[-1] += f"\n| {one['number']} | {one['question']} | {points} | {answer} | {why} | {links} |"
    return "\n\n".join(lines) + "\n"


def _short(place: str) -> str:
    file, _, heading = place.partition("#")
    return f"{Path(file).name}{f' ({heading})' if heading else ''}"


def _relative(place: str, beside: Path) -> str:
    file, mark, heading = place.partition("#")
    here, there = beside.resolve(), Path(file).resolve()
    common = next(one for one in (here, *here.parents) if there.is_relative_to(one))
    up = [".."] * len(here.relative_to(common).parts)
    return "/".join((*up, *there.relative_to(common).parts)) + mark + heading
