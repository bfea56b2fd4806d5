"""Papers and good replies to them, made up by rule: as long as real ones, and each different from all others."""

from __future__ import annotations

import json
from pathlib import Path

_ENGLISH = (
    "We study the {n}-th variant of a problem in which an agent has to plan under uncertainty, and show that a simple "
    "procedure with a budget of {n} steps is enough. "
    "The procedure keeps a table of the states that it has seen, and asks the environment only where the table says "
    "that the answer could change the plan. "
    "On a benchmark of {n} tasks from robotics, language and games it reduces the number of queries by one third at "
    "the same rate of success. "
    "An ablation shows that the table alone explains most of the gain, and that its size may shrink by half without "
    "loss. "
    "We prove a bound on the regret that grows with the square root of the horizon, and give an example in which the "
    "bound is tight. "
    "Code, tables and the log of all {n} runs are part of the release."
)
_CHINESE = (
    "我们研究不确定条件下智能体规划问题的第 {n} 个变体，证明一个只用 {n} 步预算的简单过程已经足够。"
    "该过程维护一张已访问状态的表，只有当表中信息表明答案可能改变计划时才向环境提问。"
    "在包含机器人、语言和游戏的 {n} 个任务的基准上，它在成功率不变的前提下把提问次数减少了三分之一。"
    "消融实验表明，这张表本身就解释了大部分收益，而且其规模缩小一半也没有损失。"
    "我们证明了随时间跨度平方根增长的遗憾上界，并给出一个该上界取到等号的例子。"
    "代码、表格和全部 {n} 次运行的日志一并公开。"
)


def record(number: int) -> dict[str, str]:
    """Return a paper and the reply to it, as one record of a replies file."""
    return {
        "id": f"{2500 + number // 10000:04d}.{number % 10000:05d}",
        "title": f"Planning with Few Questions, Variant {number}",
        "abstract": _ENGLISH.format(n=number),
        "translated_title": f"少提问的规划：变体 {number}",
        "tldr": f"提出只在答案可能改变计划时才提问的规划过程（变体 {number}），成功率不变，提问减少三分之一。",
        "tldr_en": f"Variant {number} asks only where the answer could change the plan, with one third fewer queries.",
        "translated_abstract": _CHINESE.format(n=number),
    }


def write(path: Path, count: int) -> Path:
    """Write ``count`` records as JSON Lines, which serve as input and as replies; return ``path``."""
    lines = (json.dumps(record(number), ensure_ascii=False) + "\n" for number in range(count))
    path.write_text("".join(lines), encoding="utf-8")
    return path
