"""Names -> models and judges: the one place that imports by need, so that nothing heavy is loaded unasked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from journey.data.step_labels import load as load_labelled
from journey.errors import UsageError
from journey.judges import names
from journey.judges.base import Judge, JudgeRef, JudgeSources
from journey.models import weights
from journey.models.base import Closeable, Completion, Model, Prompt, Sampling, close
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached, Calls
from journey.models.scripted import Scripted
from journey.models.server_settings import ServerSettings
from journey.models.weights import AUTO, folder_hash, has_weights, model_path, place_of
from journey.pipeline import plain_settings
from journey.tasks.table import TaskGrader, ask, task_of
from journey.training.advantages import ANSWER, Encoder

MODEL_NAMES = "tiny, smollm2, hf/ID-or-folder, openai/NAME, vllm/ID-or-folder, scripted/FILE"
OPENAI, SCRIPTED = "openai", "scripted"
NO_SERVERS: Mapping[str, ServerSettings] = MappingProxyType({})
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Called:
    """A model under another name than its own, for the same weights; it is given back by whoever holds the model."""

    model: Model
    name: str

    @property
    def identity(self) -> str | None:
        """Which weights these are."""
        return getattr(self.model, "identity", None)

    async def complete(self, prompt: Prompt, sampling: Sampling) -> list[Completion]:
        """As the model does."""
        return await self.model.complete(prompt, sampling)


class Models:
    """Makes the models and judges of a command by their names, each once, on one tracker.

    Every call is remembered in the run (see `Cached`), so that what was answered is never asked or paid for again.
    `servers` are those of the recipe by name; `openai` is always there, set up by the environment. Weights in this
    process are loaded once, whatever names they are asked for by, and compute in `dtype`.
    """

    def __init__(
        self, run: Calls, tracker: BudgetTracker, servers: Mapping[str, ServerSettings] = NO_SERVERS, dtype: str = AUTO
    ) -> None:
        self._run = run
        self.dtype = dtype
        self._tracker = tracker
        self._servers = servers
        self._made: dict[str, Cached] = {}
        self._loaded: dict[str, Model] = {}
        self._loaded_judges: dict[tuple[JudgeRef, Any], Judge] = {}
        self._grader = TaskGrader()

    def model(self, name: str) -> Model:
        """The model of that name. Raises UsageError."""
        if name not in self._made:
            self._made[name] = Cached(self._load(name), self._run)
        return self._made[name]

    def is_served(self, name: str) -> bool:
        """Whether a model of that name asks a server."""
        return is_served(name, self._servers)

    def register_loaded(self, path: str | Path, model: Model) -> None:
        """Takes a model that is loaded already, by that folder and by its own name; whoever lends it gives it back."""
        self._loaded[place_of(path)] = model
        self._made[model.name] = Cached(Called(model, model.name), self._run)

    def _load(self, name: str) -> Model:
        if not has_weights(name):
            return model(name, self._tracker, self._servers, getattr(self._run, "path", None))
        place = place_of(model_path(name))
        if place in self._loaded:
            return Called(self._loaded[place], name)
        self._loaded[place] = made = weights.local(model_path(name), name, self.dtype)
        return made

    def judge(self, name: str | JudgeRef, strong: str, settings: Mapping[str, Any] = NO_SETTINGS) -> Judge:
        """The judge of that name; one that names no model asks the `strong` one. Raises UsageError.

        `settings` by the kind of judge. A judge that loads weights is made once; any other is made anew each time, so
        that it knows nothing of what another was asked.
        """
        ref = names.read(name) if isinstance(name, str) else name
        key = (ref, names.settings_of(ref, settings))
        if key in self._loaded_judges:
            return self._loaded_judges[key]
        sources = JudgeSources(
            self.model,
            lambda part: self.judge(part, strong, settings),
            strong,
            ask,
            task_of,
            self._grader,
            load_labelled,
        )
        made = names.build(ref, settings, sources)
        if isinstance(made, Closeable):
            self._loaded_judges[key] = made
        return made

    async def close(self) -> None:
        """Gives back what the models hold: memory, connections."""
        for made in self._made.values():
            await close(made.model)
        for judge in self._loaded_judges.values():
            await close(judge)
        self._made.clear()
        self._loaded.clear()
        self._loaded_judges.clear()
        self._grader.close()


def model(
    name: str,
    tracker: BudgetTracker | None = None,
    servers: Mapping[str, ServerSettings] = NO_SERVERS,
    run: Path | None = None,
) -> Model:
    """The model of that name, not yet loaded or asked; `run`: whose pictures it is shown. Raises UsageError."""
    kind, _, rest = name.partition("/")
    if has_weights(name):
        return weights.local(model_path(name), name)
    if kind == SCRIPTED and rest:
        return Scripted(Path(rest), name=SCRIPTED)
    if kind == "vllm" and rest:
        try:
            from journey.models.vllm import Vllm
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{name} needs {error.name}; install it with pip install 'journey-learning[vllm]'"
            ) from None
        return Vllm(rest, name)
    if is_served(name, servers):
        from journey.models.router import served

        return served(rest, name, servers.get(kind, ServerSettings()), tracker or BudgetTracker(), run)
    known = ", ".join((MODEL_NAMES, *(f"{server}/NAME" for server in servers if server != OPENAI)))
    raise UsageError(f"there is no model {name!r}; known are {known}")


def called(name: str) -> str:
    """What the model of that name is called in records: all that are scripted alike, whatever their files."""
    return SCRIPTED if name.startswith(f"{SCRIPTED}/") else name


def is_served(name: str, servers: Mapping[str, ServerSettings] = NO_SERVERS) -> bool:
    """Whether a model of that name asks a server, so that it costs something."""
    kind, _, rest = name.partition("/")
    return bool(rest) and (kind == OPENAI or kind in servers)


def judge_is_served(judge: str, strong: str = "", servers: Mapping[str, ServerSettings] = NO_SERVERS) -> bool:
    """Whether a judge of that name asks a server, so that it costs something. Raises UsageError."""
    return any(is_served(name, servers) for name in judge_models(judge, strong))


def check_names(
    models: Iterable[str], judge: str, servers: Mapping[str, ServerSettings] = NO_SERVERS, strong: str = ""
) -> None:
    """Raises UsageError for a model or judge that no name here means, before anything is made.

    `strong` is asked by a judge that names no model.
    """
    for name in (*models, *judge_models(judge, strong)):
        if not (name.startswith((f"{SCRIPTED}/", "vllm/")) or is_served(name, servers)):
            model_path(name)


def judge_models(judge: str, strong: str = "") -> list[str]:
    """The models that a judge asks; one that names none asks the `strong` one, "" for none.

    Raises UsageError for a judge that no name here means, and where weights that it loads are not there.
    """
    ref = names.read(judge)
    names.weights_of(ref)
    return [name for name in names.models_of(ref, strong) if name]


def judge_weights(judge: str, strong: str) -> dict[str, str]:
    """Which weights lie in the folders that a judge names, by their paths; what is no folder here is left out.

    Raises UsageError for a judge that no name here means.
    """
    ref = names.read(judge)
    local_models = list(filter(has_weights, names.models_of(ref, strong)))
    paths = [*names.weights_of(ref), *map(model_path, local_models)]
    folders = [Path(path).expanduser() for path in paths]
    return {str(folder): folder_hash(folder) for folder in folders if folder.is_dir()}


def encoder(folder: str) -> Encoder:
    """The token ids of rows for the model in a folder, or of a hub id. Raises UsageError."""
    from journey.training.base import load_tokenizer
    from journey.training.encode import encode

    tokenizer, stops = load_tokenizer(folder)
    return lambda rows: [(one.prompt, one.answer) for one in encode(tokenizer, rows, ANSWER, stops)]


def pretrain(
    data: Mapping[str, Any],
    out: Path,
    on_log: Callable[[dict[str, Any]], None],
    measure: Callable[[Path], Mapping[str, Any]],
) -> None:
    """Makes the tiny base from a recipe's settings into `out`. Raises UsageError for settings it does not have."""
    from journey.training.pretrain import pretrain
    from journey.training.pretrain_settings import PretrainSettings

    pretrain(out, plain_settings.typed(PretrainSettings, data, "the recipe"), on_log, measure)
