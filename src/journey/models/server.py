"""A model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, transformers serve, or a vendor."""

import asyncio
import json
import random
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from journey.errors import UsageError
from journey.models.base import Completion, ModelError, Prompt, Sampling, refuse_images
from journey.models.budget import BudgetTracker, Usage
from journey.models.gather import gather_or_cancel
from journey.models.server_answer import Answer, decode, estimate_tokens, read, upstream_error
from journey.models.server_gate import Gate, Pass
from journey.models.server_http import Http
from journey.models.server_limit import Limit, Rates
from journey.models.server_message import BadAnswer
from journey.models.server_pictures import no_pictures, takes_no_pictures
from journey.models.server_refusal import Caller, Complaint, Forbidden, NoModel, no_server, refusal, words, wrong_key
from journey.models.server_remarks import Remarks
from journey.models.server_request import Dialect, Request, build, learn
from journey.models.server_retry import Failed, Health, Tries, backoff
from journey.models.server_settings import ServerSettings
from journey.store.images import data_uri
from journey.types import content_seed

BODY, BODY_PER_TOKEN, BODY_PER_LOGPROB = 1 << 20, 48, 512
LIST = 4 << 20
MOST = 512  # requests in flight where nothing else is set
COMPLAINTS = 8  # ways to put one request otherwise
STRANGE = 4  # answers like no model server's to one request, before the first good one to any
EMPTY = 4  # answers to one request that hold nothing of use
NOTHING, FORBIDDEN = 8, 3  # requests that came to nothing, or were forbidden, before the first good answer to any
LONGEST_BUSY, LONGEST_BROKEN, LONGEST_PROBE = 30.0, 8.0, 15.0  # seconds between two tries
LONGEST_FIRST = 1.0  # and between two looks for a server that has never answered
NOBODY, SOMEBODY = 2.0, 20.0  # seconds of first patience where nothing else is said


class Server:
    """A Model that asks a server.

    Requests of all coroutines share its connections and its limit, which finds out how much the server can bear.
    Failures that may pass are tried again (see `server_retry`); a server that was there once is waited for. Each
    request is reserved and settled in the tracker under `name`; asking for the list of models is free and is not.
    n choices are asked for at once; a server that gives one only is asked n times at once, each with its own seed.
    Greedy completions are asked for once and repeated, since they are the same by their meaning. What a user would
    not notice of the server is told to the tracker (`Remarks`).

    `gate` (requests in flight and waiting), `limit`, `health` and `retries` (tries that were tries again) say how it
    goes. The pictures that prompts show are read from the folder of the `run`. Raises UsageError for what the user must
    mend (address, key, model), BudgetReached, and ModelError for one prompt.
    """

    def __init__(
        self, model: str, name: str, settings: ServerSettings, tracker: BudgetTracker, run: Path | None = None
    ) -> None:
        self.model = model
        self.name = name
        self.settings = settings
        self.identity = settings.identity(model)
        key = settings.key()
        self._caller = Caller(settings.base_url(), model, settings.key_variable, key)
        self._http = Http(self._caller.url, key, settings)
        self._tracker = tracker
        self._run = run
        self._has_seen = False
        self._dialect = Dialect.of(settings)
        self.limit = Limit(settings.max_in_flight or MOST)
        self.gate = Gate(self.limit, Rates(settings.requests_per_minute, settings.tokens_per_minute))
        self.health = Health()
        self._jitter = random.Random(content_seed("jitter", model, name))
        self._requests = self.retries = 0
        self._answered = False
        self._came_to_nothing = self._forbidden = 0
        self._remarks = Remarks(model, name, tracker)
        self._finding: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Server({self.model!r}, {self.name!r})"

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """`sampling.n` completions. Raises UsageError, BudgetReached, ModelError."""
        if sampling.temperature == 0:
            return await self._ask(prompt, sampling, 0, 1) * sampling.n
        got = await self._draw(prompt, sampling)
        self._remarks.drawn(got)
        return got

    async def _draw(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """As many samples as wanted, in as few requests as the server gives them."""
        wanted = sampling.n
        got: list[Completion] = []
        if wanted == 1 or not self._dialect.one_by_one:
            got = await self._ask(prompt, sampling, 0, wanted)
        while 1 < len(got) < wanted and not self._dialect.one_by_one:  # the server has a limit of its own
            got += await self._ask(prompt, sampling, len(got), wanted - len(got))
        if len(got) == wanted:
            return got
        self._dialect.one_by_one = True
        rest = [self._ask(prompt, sampling, sample, 1) for sample in range(len(got), wanted)]
        return got + [one for answer in await gather_or_cancel(rest) for one in answer]

    def _pictures(self, prompt: Prompt) -> list[str]:
        """The pictures of a prompt as data: URIs. Raises UsageError where they cannot be sent, or are missing."""
        if not prompt.images:
            return []
        if self.settings.api == "text":
            refuse_images(prompt, self.name)
        if self._run is None:
            raise UsageError(f"{self.name} has no run to read the problem's pictures from; import the problems first")
        return [data_uri(self._run, name) for name in prompt.images]

    async def close(self) -> None:
        """Closes the connections."""
        self.gate.close()
        if self._finding is not None:
            self._finding.cancel()
        await self._http.close()

    async def _ask(self, prompt: Prompt, sampling: Sampling, sample: int, n: int) -> list[Completion]:
        """One request, tried until it is answered: up to n completions from number `sample` on.

        None at all where the server turns out to refuse n, so that they are to be asked for one by one.
        """
        if prompt.prefix and self.settings.api == "chat" and self._dialect.way is None:
            await self._find_way()
        pictures = self._pictures(prompt)
        self._requests += 1
        tries = Tries(self._requests)
        while True:
            request = build(self.model, prompt, sampling, n, sample, self._dialect, self.settings, pictures)
            try:
                answer = await self._try(request, prompt, sampling)
            except Failed as failed:
                await self._wait_after(failed, tries)
            except Complaint as complaint:
                tries.complaints += 1
                if tries.complaints > COMPLAINTS or not learn(self._dialect, request, str(complaint)):
                    message = words(str(complaint).encode(), self._caller)
                    raise ModelError(f"{self._caller.url} refuses the request: {message}") from None
                self._remarks.refused(self._dialect.refused)
                if n > 1 and self._dialect.one_by_one:
                    return []
            except NoModel as missing:
                raise UsageError(await self._no_model(str(missing))) from None
            else:
                if request.way is not None and request.way == self._dialect.way:
                    self._dialect.proved = True
                if self._is_unclear(answer, request):
                    if n > 1:
                        return []
                    continue
                return answer.completions

    def _is_unclear(self, answer: Answer, request: Request) -> bool:
        """Whether llama.cpp is to be asked again, now that it is known: who ended a text, and one sample at a time.

        It counts the tokens of one of n samples only, and tells a stop string from the model's end where it is asked.
        """
        if not answer.is_llama or "verbose" in request.body:
            return False
        self._dialect.llama = self._dialect.one_by_one = True
        return request.n > 1 or answer.is_plain

    async def _try(self, request: Request, prompt: Prompt, sampling: Sampling) -> Answer:
        """One try: through the gate, paid for, sent, read. Raises whatever it comes to."""
        read_tokens = 2 * estimate_tokens(prompt.text + prompt.prefix + (prompt.system or "")) + 16
        read_tokens += len(prompt.images) * self.settings.image_tokens
        most = sampling.max_tokens * request.n
        while True:
            ticket = await self.gate.enter(read_tokens + most)
            used, sent = Usage(), False
            try:
                reservation = await self._tracker.reserve(self.name, read_tokens, most)
                try:
                    if self.gate.paused:  # the tracker took its time, and meanwhile the server asked to wait
                        continue
                    used, sent = Usage(calls=1), True
                    answer = await self._send(request, prompt, sampling, ticket)
                    used = answer.used
                    return answer
                finally:
                    self._tracker.settle(reservation, used)
            finally:
                self.gate.leave(ticket, used.prompt_tokens + used.tokens if not sent or used.tokens else most)

    async def _send(self, request: Request, prompt: Prompt, sampling: Sampling, ticket: Pass) -> Answer:
        try:
            per_token = BODY_PER_TOKEN + BODY_PER_LOGPROB * ("logprobs" in request.body)
            most = BODY + per_token * sampling.max_tokens * request.n
            reply = await self._http.post(request.path, request.encoded(), most)
            if prompt.images and not self._has_seen and takes_no_pictures(reply, self._caller):
                raise UsageError(no_pictures(self._caller, reply))
            if reply.status != 200:
                raise refusal(reply, self._caller, self.health.met)
            data = decode(reply.body)
            if (error := upstream_error(data)) is not None:
                reply = replace(reply, status=error[0], body=json.dumps({"error": error[1]}).encode())
                if reply.status >= 500:  # the upstream's, behind a gateway that is well
                    raise Failed("broken", f"status {reply.status} ({words(reply.body, self._caller)})")
                raise refusal(reply, self._caller, self.health.met)
            answer = read(data, request, prompt, sampling)
        except BadAnswer as bad:
            self.health.met = self.health.met or not bad.strange
            failed = Failed("broken", str(bad), strange=bad.strange, empty=not (bad.strange or bad.passing))
            raise self._noted(failed, ticket) from None
        except Forbidden:
            self._forbidden += 1
            if not self._answered and self._forbidden >= FORBIDDEN:
                raise UsageError(wrong_key(self._caller, 403, words(reply.body, self._caller))) from None
            raise
        except Failed as failed:
            raise self._noted(failed, ticket) from None
        except (Complaint, ModelError):
            self._good()  # the server is there and has understood
            raise
        self._good()
        self._remarks.answered(answer.model)
        self._answered = True
        self._has_seen = self._has_seen or bool(prompt.images)
        self.limit.answered(answer.used.tokens, self._more_wait())
        return answer

    def _more_wait(self) -> bool:
        """Whether more requests would be open if they might."""
        return self.gate.waiting > 0

    def _good(self) -> None:
        if self.health.good():
            self.limit.start_again()
            self.gate.alone = False
            self.gate.open()

    def _noted(self, failed: Failed, ticket: Pass) -> Failed:
        """The failure, when the gate and the limit have been told of it, before another request passes."""
        now = time.monotonic()
        if failed.kind == "busy":
            self.limit.busy(ticket.began)
        elif failed.slow:
            self.limit.slow(ticket.began)
        if failed.wait is not None and failed.wait <= self._patience(failed):
            self.gate.pause(now + failed.wait * (1 + 0.05 * self._jitter.random()) + 0.01)
        return failed

    def _patience(self, failed: Failed) -> float:
        if self.health.met:
            return self.settings.patience
        if self.settings.first_patience is not None:
            return self.settings.first_patience
        return NOBODY if failed.kind == "away" else SOMEBODY

    async def _wait_after(self, failed: Failed, tries: Tries) -> None:
        """Waits until the request may be tried again. Raises what it comes to where it may not."""
        health, now, url = self.health, time.monotonic(), self._caller.url
        is_waiting = self._counted(failed, tries, now)
        since = health.since if health.away and health.since is not None else tries.since
        over = is_waiting and now - since + (failed.wait or 0) > self._patience(failed)
        if not health.met and over:
            raise UsageError(f"there is no model server at {url}: {failed}; start it, or check its url (first_patience"
                             " is how long one that is still starting is waited for)")  # fmt: skip
        if not health.met and tries.strange >= STRANGE:
            raise UsageError(f"{no_server(self._caller)} (the last answer was {failed})")
        if over:
            raise ModelError(f"{url} did not come back within {self._patience(failed):g} s: {failed}.")
        if tries.broken > self.settings.retries or tries.empty >= EMPTY:
            self._came_to_nothing += 1
            if not health.met or (not self._answered and self._came_to_nothing >= NOTHING):
                raise UsageError(f"{url} has not given one answer, the last time {failed}; look into its log, and check"
                                 f" the model's name {self.model!r}")  # fmt: skip
            raise ModelError(f"{url} failed {tries.failures} times, the last time with {failed}.")
        self.retries += 1
        if health.away:
            self._set_aside(now)
        elif failed.wait is None:
            longest = LONGEST_BROKEN if failed.kind == "broken" else LONGEST_BUSY
            await asyncio.sleep(backoff(tries.failures, self._jitter, longest))

    def _counted(self, failed: Failed, tries: Tries, now: float) -> bool:
        """Keeps in mind that the request failed; whether that is no fault of its own, so that it may only wait."""
        health = self.health
        health.met = health.met or (failed.kind == "busy" and not failed.server)
        health.bad(failed, tries.who, now)
        is_waiting = failed.kind != "broken" or (failed.server and health.away)
        tries.failed(failed, now, counts=not is_waiting)
        return is_waiting

    def _set_aside(self, now: float) -> None:
        """Nobody asks for a while, then one alone, to see whether the server is there again."""
        self.gate.alone = True
        if not self.gate.paused:
            self.health.probes += 1
            longest = LONGEST_PROBE if self.health.met else LONGEST_FIRST
            self.gate.pause(now + backoff(self.health.probes, self._jitter, longest))

    async def _find_way(self) -> None:
        """Asks once who the server is, for all requests that want to know."""
        if self._finding is None:
            self._finding = asyncio.create_task(self._look_up_owner())
        await asyncio.shield(self._finding)

    async def _look_up_owner(self) -> None:
        rows = await self._models()
        mine = [row for row in rows if row.get("id") == self.model] or rows
        self._dialect.begin_with(str(mine[0].get("owned_by", "")).lower() if mine else "")

    async def _no_model(self, says: str) -> str:
        names = sorted(str(row.get("id"))[:100] for row in await self._models())
        if self.model in names:
            return f"{says} (it has {self.model!r} in its list: check what this key may ask)"
        shown = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
        known = f"it has {shown}" if names else "it does not say which it has"
        return f"{self._caller.url} has no model {self.model!r}; {known}"

    async def _models(self) -> list[dict[str, Any]]:
        """The server's list of models; empty where it has none to show."""
        ticket = await self.gate.enter(0)
        try:
            with suppress(Failed):
                return await self.listed()
        finally:
            self.gate.leave(ticket, 0)
        return []

    async def listed(self) -> list[dict[str, Any]]:
        """The same without waiting in line. Raises Failed where no server is there."""
        reply = await self._http.get("/models", LIST)
        data = None
        with suppress(BadAnswer):
            data = decode(reply.body) if reply.status == 200 else None
        rows = data.get("data") if isinstance(data, dict) else None
        return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
