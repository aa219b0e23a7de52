"""What holds for all tests: properties that no slow machine fails, and one line for tests that want more data."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from properties import examples
from real_data import NEEDS_WHOLE
from real_model import NEEDS_MODEL

# A busy machine is slow; that is no mistake of the code. A property fails by what is false only.
settings.register_profile(
    "journey",
    max_examples=examples(100),
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=True,
)
settings.load_profile("journey")


@pytest.fixture(autouse=True, scope="session")
def patient_graders() -> Iterator[None]:
    """Ordinary answers are checked on a slow machine, too; a test of answers that take too long says its own time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("journey.answers.check.SECONDS", 60.0)
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line counts the tests that need the whole data sets, one those that need the pretrained model."""
    for need in (NEEDS_WHOLE, NEEDS_MODEL):
        skipped = [report for report in terminalreporter.getreports("skipped") if need in str(report.longrepr)]
        if skipped:
            terminalreporter.write_line(f"{len(skipped)} tests skipped: {need}")
