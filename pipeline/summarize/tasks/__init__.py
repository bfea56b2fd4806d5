"""The tasks that a prompt can name, a module each."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.prompts import Prompt
from pipeline.records import Paper, Summary
from pipeline.summarize.task import Task
from pipeline.summarize.tasks.sentences import SENTENCES
from pipeline.summarize.tasks.translation import TRANSLATION

TASKS: Mapping[str, Task[Paper, Summary]] = {task.name: task for task in (TRANSLATION, SENTENCES)}
"""What is asked about a paper."""
TEMPLATES = {name: task.template for name, task in TASKS.items()}
"""What a prompt of each task may say."""


def task_of(prompt: Prompt) -> Task[Paper, Summary]:
    """Return the task that a prompt's front matter names, which was checked when the prompt was read."""
    return TASKS[prompt.front.task]
