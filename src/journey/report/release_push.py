"""A release's upload to the Hub, by huggingface_hub and its own login. Nobody has tried it against the Hub yet."""

from pathlib import Path

from journey.errors import UsageError


def push(folder: Path, repo: str) -> list[str]:
    """Uploads the data to a data set `repo` and each model to a repository `repo`-ARM; the addresses.

    Raises UsageError where the library is missing, or the Hub is away or refuses; the release stands all the same.
    """
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError
    except ModuleNotFoundError:
        mend = "install it with pip install 'journey-learning[train]'"
        raise UsageError(f"--push needs huggingface_hub; {mend}") from None
    # A failed connection is an error of the HTTP library that this version of huggingface_hub happens to use.
    bases: list[type[Exception]] = [one for one in HfHubHTTPError.__mro__ if issubclass(one, Exception)]
    http = next((one for one in bases if one.__name__ == "HTTPError"), HfHubHTTPError)
    places = [(repo, "dataset", folder / "data")]
    places += [(f"{repo}-{one.name}", "model", one) for one in sorted((folder / "models").glob("*"))]
    api, found = HfApi(), list[str]()
    try:
        for name, kind, place in places:
            api.create_repo(name, repo_type=kind, exist_ok=True)
            found.append(str(api.upload_folder(repo_id=name, repo_type=kind, folder_path=place)))
    except (http, LocalTokenNotFoundError, OSError) as error:
        why = " ".join(str(error).split())[:160]
        raise UsageError(f"the Hub did not take {repo} ({why}); the release stands in {folder}") from error
    return found
