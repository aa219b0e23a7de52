"""Names -> models and judges: the one place that imports by need, so that nothing heavy is loaded unasked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from journey.data.step_labels import load as load_labelled
from journey.errors import UsageError
from journey.judges import names
from journey.judges.base import Judge, JudgeRef, JudgeSources
from journey.models import smollm2
from journey.models.base import Closeable, Completion, Model, Prompt, Sampling
from journey.models.budget import BudgetTracker
from journey.models.cached import Cached, Calls
from journey.models.local_threads import limit_threads
from journey.models.scripted import Scripted
from journey.models.server_settings import ServerSettings
from journey.models.smollm2 import SMOLLM2
from journey.models.weights import folder_hash
from journey.pipeline import plain_settings
from journey.tasks.table import TaskGrader, ask, task_of

TINY = "tiny"
MODEL_NAMES = "tiny, smollm2, hf/ID-or-folder, openai/NAME, vllm/ID-or-folder, scripted/FILE"
OPENAI = "openai"
NO_SERVERS: Mapping[str, ServerSettings] = MappingProxyType({})
NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def model_path(name: str) -> str:
    """The folder or hub id that a local model's name means, for training and loading. Raises UsageError."""
    if name == TINY:
        return str(files("journey.models") / "tiny")
    if name == SMOLLM2:
        if not smollm2.is_fetched():
            raise UsageError(f"the model {name} is not on this machine yet; {smollm2.COMMAND} gets it (93 MB)")
        return str(smollm2.folder())
    kind, _, rest = name.partition("/")
    if kind == "hf" and rest:
        return rest
    raise UsageError(f"there is no model {name!r} with weights; known are tiny, smollm2 and hf/ID-or-folder")


def has_weights(name: str) -> bool:
    """Whether a model of that name is loaded into this process by `journey.models.local`."""
    kind, _, rest = name.partition("/")
    return name in (TINY, SMOLLM2) or (kind == "hf" and bool(rest))


def place_of(path: str | Path) -> str:
    """One name for a folder of weights however its path is written; a hub id is its own."""
    folder = Path(path).expanduser()
    return str(folder.resolve()) if folder.is_dir() else str(path)


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
    process are loaded once, whatever names they are asked for by.
    """

    def __init__(self, run: Calls, tracker: BudgetTracker, servers: Mapping[str, ServerSettings] = NO_SERVERS) -> None:
        self._run = run
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

    def register_loaded(self, path: str | Path, model: Model) -> None:
        """Takes a model that is loaded from that folder already; whoever lends it gives it back."""
        self._loaded[place_of(path)] = model

    def _load(self, name: str) -> Model:
        if not has_weights(name):
            return model(name, self._tracker, self._servers)
        place = place_of(model_path(name))
        if place in self._loaded:
            return Called(self._loaded[place], name)
        self._loaded[place] = made = model(name, self._tracker, self._servers)
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


def model(name: str, tracker: BudgetTracker | None = None, servers: Mapping[str, ServerSettings] = NO_SERVERS) -> Model:
    """The model of that name, not yet loaded or asked. Raises UsageError."""
    kind, _, rest = name.partition("/")
    if has_weights(name):
        return local(model_path(name), name)
    if kind == "scripted" and rest:
        return Scripted(Path(rest))
    if kind == "vllm" and rest:
        try:
            from journey.models.vllm import Vllm
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{name} needs {error.name}; install it with pip install 'journey-learning[vllm]'"
            ) from None
        return Vllm(rest, name)
    if is_served(name, servers):
        from journey.models.server import Server

        return Server(rest, name, servers.get(kind, ServerSettings()), tracker or BudgetTracker())
    known = ", ".join((MODEL_NAMES, *(f"{server}/NAME" for server in servers if server != OPENAI)))
    raise UsageError(f"there is no model {name!r}; known are {known}")


def is_served(name: str, servers: Mapping[str, ServerSettings] = NO_SERVERS) -> bool:
    """Whether a model of that name asks a server, so that it costs something."""
    kind, _, rest = name.partition("/")
    return bool(rest) and (kind == OPENAI or kind in servers)


def judge_is_served(judge: str, strong: str = "", servers: Mapping[str, ServerSettings] = NO_SERVERS) -> bool:
    """Whether a judge of that name asks a server, so that it costs something. Raises UsageError."""
    return any(is_served(name, servers) for name in judge_models(judge, strong))


def local(path: str | Path, called: str, dtype: str | None = None) -> Model:
    """The model in a folder (or of a hub id), in this process. Raises UsageError where the extra is not installed."""
    try:
        from journey.models.local import Local
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{called} needs {error.name}; install it with pip install 'journey-learning[local]'"
        ) from None
    limit_threads(path)
    return Local(path, called, dtype=dtype)


def check_names(
    models: Iterable[str], judge: str, servers: Mapping[str, ServerSettings] = NO_SERVERS, strong: str = ""
) -> None:
    """Raises UsageError for a model or judge that no name here means, before anything is made.

    `strong` is asked by a judge that names no model.
    """
    for name in (*models, *judge_models(judge, strong)):
        if not (name.startswith(("scripted/", "vllm/")) or is_served(name, servers)):
            model_path(name)


def check_weights(name: str) -> None:
    """Raises UsageError where the tiny model, the fetched one, or a folder that is named as one, is not there."""
    if not has_weights(name):
        return
    path = model_path(name)
    if name == TINY and not (Path(path) / "config.json").is_file():
        raise UsageError(
            "the tiny model is missing in this installation; make it with journey pretrain recipes/tiny_base.yaml "
            f"--out {path}"
        )
    if path.startswith((".", "/", "~")) and not Path(path).expanduser().is_dir():
        raise UsageError(f"there is no model folder {path}; give one with config.json and model.safetensors")


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


async def close(model: Model | Judge) -> None:
    """Gives back what a model or judge holds, if anything."""
    if isinstance(model, Closeable):
        await model.close()


def lacking(path: str | Path, texts: Iterable[str]) -> list[str]:
    """Of each text that the tokenizer of the model in that folder cannot read, the first piece it lacks.

    Raises UsageError where there is no tokenizer.
    """
    from transformers import AutoTokenizer

    from journey.models.local_text import Text

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(Path(path).expanduser()), trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"the tokenizer of {path} cannot be loaded ({' '.join(str(error).split())[:160]})") from None
    reader = Text(tokenizer, (), len(tokenizer))
    return [piece for piece in map(reader.missing, texts) if piece is not None]


def token_counter(path: str | Path) -> Callable[[dict[str, Any]], int]:
    """How many tokens of a prompt/completion row the model in that folder is trained on."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path)
    return lambda row: len(tokenizer(row["completion"])["input_ids"]) + 1


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


def convert_gguf(gguf: Path, into: Path) -> None:
    """Turns SmolLM2's GGUF file into a model folder. Raises UsageError."""
    try:
        from journey.models.local_gguf import convert
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{gguf.name} needs {error.name} to be read; install it with pip install 'journey-learning[local]'"
        ) from None
    convert(gguf, into)


def hardware() -> dict[str, str]:
    """What torch sees of this machine; "no torch" without the extra."""
    try:
        import torch
    except ModuleNotFoundError:
        return {"computes on": "no torch: pip install 'journey-learning[local]'"}
    if torch.cuda.is_available():
        return {"computes on": torch.cuda.get_device_name(), "bf16": str(torch.cuda.is_bf16_supported())}
    kind = "mps" if torch.backends.mps.is_available() else "cpu"
    return {"computes on": kind, "bf16": str(bool(torch.cpu.get_capabilities().get("avx512_bf16")))}
