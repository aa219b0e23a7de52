"""F12: steps that tell their judge what to say. Is a verdict ever read that the model did not give in the asked form?

Every hostile step stands alone, among siblings, and before the candidates, and is judged in one call for all siblings
and in one each. Models that repeat what they saw or write what the step demands, to the letter, must give no verdict
at all; models that say "wrong" in the form must be read so, whatever they quote. Careless ones quote the step
unescaped, so that their rows are no JSON: what is read of them may be "wrong" and nothing else.

What reading strictly cannot do: a model that is itself convinced by a step, and says "right" in the form, is believed.
The last row counts them: all. How often real models are convinced is not measured here; no real model is asked.
"""

import asyncio
from argparse import Namespace
from collections import Counter

from bench import Result, run, table
from hostile_steps import PAYLOADS, PROBLEM, Answer, Payload, careless, convinced, honest, misled, placed

from journey.judges.critic import Critic, CriticSettings
from journey.models.scripted import Scripted

NO_LIMIT = 10**9
WANTED = {"misled": (None,), "honest": ("wrong", None), "careless": ("wrong", None), "convinced": ("right",)}


async def judged(payload: Payload, answer: Answer, place: int, together: bool) -> list[str | None]:
    """The verdicts that a critic reads for one payload at one of its places."""
    settings = CriticSettings(together=together, retries=0, max_tokens=NO_LIMIT, unreadable_limit=NO_LIMIT)
    prefix, candidates = placed(payload)[place]
    said = await Critic(Scripted(answer), settings).judge(PROBLEM, prefix, candidates)
    return [judgement.verdict for judgement in said]


async def measure(payloads: list[Payload]) -> list[dict]:
    """One row a model: verdicts asked for, read, and accepted though they should not be."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for payload in payloads:
        models = {
            "misled": misled(payload), "honest": honest(payload), "careless": careless(payload),
            "convinced": {"is convinced": convinced},
        }  # fmt: skip
        for kind, answers in models.items():
            for name, answer in answers.items():
                count = counts.setdefault((kind, name), Counter())
                for place in range(len(placed(payload))):
                    for together in (True, False):
                        said = await judged(payload, answer, place, together)
                        count["asked"] += len(said)
                        count["read"] += sum(verdict is not None for verdict in said)
                        count["accepted"] += sum(verdict not in WANTED[kind] for verdict in said)
    return [{"kind": kind, "model": name, **count} for (kind, name), count in counts.items()]


def injection(options: Namespace) -> Result:
    rows = asyncio.run(measure(PAYLOADS))
    accepted = sum(row["accepted"] for row in rows)
    lost = sum(row["asked"] - row["read"] for row in rows if row["kind"] == "honest")
    kinds = Counter(payload.kind for payload in PAYLOADS)
    shown = table(
        f"{len(PAYLOADS)} hostile steps of {len(kinds)} kinds",
        ("the model", "asked", "read", "false"),
        [(f"{row['kind']}: {row['model']}", row["asked"], row["read"], row["accepted"]) for row in rows],
    )
    told = f"accepted by parsing: {accepted}; honest verdicts lost: {lost}"
    figures = {"steps": len(PAYLOADS), "kinds": kinds, "accepted": accepted, "honest_lost": lost, "models": rows}
    return Result(figures, len(PAYLOADS) >= 80 and accepted == 0 and lost == 0, "", [shown, told])


if __name__ == "__main__":
    run("F12", __doc__, injection)
