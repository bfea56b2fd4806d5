"""The checks that a reply must pass: what each refuses, and what looks like it and must not be refused."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Paper
from pipeline.summarize.checks import (
    CHECKS,
    LONGEST_TLDR,
    LONGEST_TLDR_EN,
    english_tldr_is_missing,
    first_fault,
)
from pipeline.summarize.finding import Context
from pipeline.summarize.tasks.translation import TRANSLATION

INSTRUCTIONS = (
    "你是一名耐心的科技编辑，请把论文的题目与摘要译成通顺的中文。\n"
    "只回答一个 JSON 对象。要点写成一句中文，直接说新在哪里、为什么重要。\n<title>{{ title }}</title>"
)
ENGLISH = (
    "We study how small teams of robots share a map of a building while the radio between them fails now and then. "
    "Each robot keeps its own map and sends only the changes that the others can not know yet. "
    "On three buildings the shared map is complete after half of the time that the best earlier method needs, "
    "and a robot that was cut off for ten minutes catches up in four seconds. Code and data are public."
)
CHINESE = (
    "我们研究在无线电时断时续的情况下，小型机器人团队如何共享一座建筑的地图。每台机器人保有自己的地图，只发送其他机器人"
    "尚不可能知道的变化。在三座建筑中，共享地图完成所需的时间只有此前最好方法的一半；断线十分钟的机器人四秒即可跟上。"
    "代码与数据均已公开。"
)
GOOD = {
    "translated_title": "断断续续的无线电下的地图共享",
    "tldr": "机器人只发送别人尚不知道的地图变化，断线后四秒即可跟上，建图时间减半。",
    "tldr_en": "Robots send only the map changes that others cannot know, and build a shared map in half the time.",
    "translated_abstract": CHINESE,
}
ADDRESS = "https://example.org/a/very/long/path?with=a&query=string"
MANY = "".join(chr(0x4E00 + number) for number in range(LONGEST_TLDR))
"""The longest one-liner, without a repetition."""
LONG_ENGLISH = f"{ENGLISH} {ENGLISH.replace('We study', 'In detail we study')}"


def paper(title: str = "Sharing Maps over a Radio That Fails", abstract: str = ENGLISH) -> Paper:
    """Return a paper, by default the one of the good reply."""
    return Paper(id="2404.02059", title=title, abstract=abstract)


def reason(of: Paper | None = None, **changes: str) -> str | None:
    """Return the reason for which the good reply is refused after ``changes``."""
    fields = {name: text for name, text in (GOOD | changes).items() if text != "absent"}
    fault = first_fault(fields, Context(of or paper(), INSTRUCTIONS))
    return fault.check if fault else None


TITLE, TLDR, TLDR_EN, ABSTRACT = TRANSLATION.fields
Change = dict[str, str]

NEAR_MISSES: dict[str, tuple[Change, Paper | None]] = {
    "a good reply": ({}, None),
    "a title about translation": ({TITLE: "面向低资源语言的翻译"}, None),
    "a title about summaries": ({TITLE: "长文摘要的一句话要点生成"}, None),
    "a title about titles": ({TITLE: "标题党新闻的自动识别"}, None),
    "a first of its kind": ({TLDR: "这是首个面向藏语的地图共享系统，无需无线电即可使用，建图时间下降三成。"}, None),
    "a here that is a place": ({TLDR: "这里的瓶颈是通信：机器人只发变化，建图时间减半。"}, None),
    "a below that is a number": ({TLDR: "以下三种情形都能收敛：断线、丢包与延迟。"}, None),
    "an agent as": ({TLDR: "作为一个开放基准，它首次同时衡量建图速度与带宽。"}, None),
    "a kind of announcement": ({TLDR: "公告类型的文本最难分类，本文用对比学习把错误率减半。"}, None),
    "a publication date": ({TLDR: "模型发布类型与时间都会影响引用数，本文首次量化其影响。"}, None),
    "an English here": ({TLDR_EN: "Here, robots share a map."}, None),
    "an English summary of": ({TLDR_EN: "Summary statistics of a map are enough to merge it."}, None),
    "an English title case": ({TLDR_EN: "Title and abstract alone predict citations."}, None),
    "a formula": (
        {TLDR: r"证明 $\|x_{t+1}-x^\star\|_2 \le \rho^t \|x_0-x^\star\|_2$ 对 $\rho<1$ 成立。"},
        None,
    ),
    "mostly formulas": ({TLDR: r"给出界 $O(d\sqrt{n\log K})$，优于 $\tilde{O}(d^{3/2}\sqrt{n})$ 的旧界。"}, None),
    "bare commands": ({TLDR: r"以 \alpha 与 \beta 两个参数控制 \mathcal L 的形状，收敛更快。"}, None),
    "prices": ({TLDR: "用 $5 的算力即可微调出与 $500 的系统相当的模型。"}, None),
    "a bar": ({TLDR: "用 p(x|y) 而非 p(y|x) 建模，地图合并更稳。", TITLE: "p(x|y) 的地图共享"}, None),
    "many names": ({TLDR: "在 ImageNet、COCO、ADE20K 上，ViT 超过 ResNet 与 Swin，且更省显存。"}, None),
    "an address": (
        {TLDR: f"代码见 {ADDRESS} 已公开。"},
        paper(abstract=f"{ENGLISH} See {ADDRESS}."),
    ),
    "200 characters": ({TLDR: MANY}, None),
    "200 characters and blanks": ({TLDR: f"  {MANY} \n"}, None),
    "800 characters of English": ({TLDR_EN: "word " * (LONGEST_TLDR_EN // 5)}, None),
    "no English line": ({TLDR_EN: "absent"}, None),
    "a line end at the end": ({TITLE: "题目\n", TLDR: "\n要点在此。\n"}, None),
    "paragraphs": ({ABSTRACT: CHINESE.replace("。", "。\n\n")}, None),
    "Japanese examples": ({ABSTRACT: CHINESE + "例如「ありがとう」译为“谢谢”，「さようなら」译为“再见”。"}, None),
    "a Korean name": ({TITLE: "한글 字形的生成与识别方法"}, None),
    "a Russian word": ({TLDR: "俄语词 спутник 指伴侣，机器人只发送地图变化，断线后四秒即可跟上。"}, None),
    "traditional characters": ({TITLE: "無線電中斷時的地圖共享", TLDR: "機器人只傳送變化，建圖時間減半。"}, None),
    "rare characters": ({TITLE: "𠮷𡈽㐀字形识别"}, None),
    "a list of names": (
        {ABSTRACT: CHINESE + "比较的方法有 " + ", ".join(f"Name{one}" for one in range(26)) + "。"},
        None,
    ),
    "a title of a work": (
        {ABSTRACT: CHINESE + "另见 A Mathematical Theory of Communication。"},
        None,
    ),
    "a short abstract": ({ABSTRACT: "本文已撤回。"}, paper(abstract="This paper has been withdrawn by its authors.")),
    "a number cited": (
        {ABSTRACT: CHINESE + "本文推广了 arXiv:2101.00001 的结果。"},
        paper(abstract=f"{ENGLISH} This extends arXiv:2101.00001."),
    ),
    "a number cited at the end": (
        {ABSTRACT: CHINESE + "本文推广了此前的结果 (arXiv:2101.00001)"},
        paper(abstract=f"{ENGLISH} This extends an earlier result (arXiv:2101.00001)"),
    ),
    "a number cited in wide brackets": (
        {ABSTRACT: CHINESE + "本文推广了此前的结果（arXiv:2101.00001）"},
        paper(abstract=f"{ENGLISH} This extends an earlier result (arXiv:2101.00001)"),
    ),
    "a comment on a paper": (
        {TITLE: "评“共享地图”（arXiv:2101.00001）"},
        paper(title='Comment on "Sharing Maps" (arXiv:2101.00001)'),
    ),
    "a number at the head": (
        {ABSTRACT: "arXiv:2101.00001 提出的方法在此得到推广。" + CHINESE},
        paper(abstract=f"arXiv:2101.00001 proposed a method that we extend. {ENGLISH}"),
    ),
    "an abstract that has a summary's label": ({ABSTRACT: "总结：" + CHINESE}, paper(abstract=f"Summary: {ENGLISH}")),
    "an abstract that has its own tl;dr": ({ABSTRACT: "TL;DR：" + CHINESE}, paper(abstract=f"TL;DR: {ENGLISH}")),
    "an abstract that has headings": (
        {ABSTRACT: "动机：" + CHINESE + "结果：好。"},
        paper(abstract=f"Motivation: {ENGLISH} Results: good."),
    ),
    "a paper about this very prompt": (
        {ABSTRACT: CHINESE + "提示词为“直接说新在哪里、为什么重要”。"},
        paper(abstract=f"{ENGLISH} The prompt is “直接说新在哪里、为什么重要”."),
    ),
    **{
        f"the name {name}": ({TITLE: name}, paper(title=name))
        for name in ("PyTorch", "LLaMA 2", "GPT-4", "DeepSeek-V3", "Qwen2.5", "YOLO v9", "λ-Calculus", "Llama 3.1")
    },
}


@pytest.mark.parametrize(("changes", "of"), NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_what_only_looks_wrong_passes(changes: Change, of: Paper | None) -> None:
    """A good reply is never asked for again, whatever the paper is about."""
    assert reason(of, **changes) is None


OTHER = (
    "我们提出一种面向金融时间序列的扩散模型，用对比学习预训练编码器，再以强化学习微调策略。在三个股票市场数据集上，"
    "预测误差比基线降低三成，交易成本不变，投资组合的风险也更小。"
)
"""The abstract of another paper."""
BAD: dict[str, tuple[str, Change, Paper | None]] = {
    "another paper's abstract": ("unrelated", {ABSTRACT: OTHER}, None),
    "another paper's line": (
        "unrelated",
        {TLDR: "扩散模型经强化学习微调策略，股票市场的预测误差比基线降低三成，投资组合风险更小。"},
        None,
    ),
    "the title as the line": ("empty_line", {TLDR: "断断续续的无线电下的地图共享。"}, None),
    "a line that says nothing": ("empty_line", {TLDR: "本文提出了一种新方法。"}, None),
    "a refusal": ("refused", {ABSTRACT: f"很抱歉，我无法完成该请求。{CHINESE}"}, None),
    "a translator's note": ("added_text", {ABSTRACT: f"{CHINESE}（译者注：原文有误。）"}, None),
    "a wish": ("added_text", {ABSTRACT: f"{CHINESE}希望以上翻译对您有所帮助。"}, None),
    "an advertisement": ("added_text", {ABSTRACT: f"{CHINESE}更多精彩内容请关注微信公众号。"}, None),
    "a link of its own": ("added_text", {ABSTRACT: f"{CHINESE}详见 https://example.com/more 。"}, None),
    "a script": ("added_text", {ABSTRACT: f"{CHINESE}<script>alert(1)</script>"}, None),
    "bold words": ("added_text", {TLDR: "**机器人只发送别人尚不知道的地图变化**，建图时间减半。"}, None),
    "a phrase in a loop": ("garbled", {ABSTRACT: CHINESE + "共享地图" * 20}, None),
    "a sentence twice": ("garbled", {ABSTRACT: CHINESE + CHINESE}, None),
    "replacement characters": ("garbled", {ABSTRACT: CHINESE.replace("机器人", "机\ufffd人", 1)}, None),
    "UTF-8 read as GBK": (
        "garbled",
        {TLDR: GOOD[TLDR].encode().decode("gbk", "ignore")},
        None,
    ),
    "UTF-8 read as Latin-1": ("garbled", {ABSTRACT: CHINESE + "共享地图".encode().decode("latin-1")}, None),
    "a sentence in English": (
        "wrong_language",
        {ABSTRACT: f"{CHINESE}each robot keeps its own map and sends changes."},
        None,
    ),
    "no title": ("missing_field", {TITLE: "absent"}, None),
    "an empty one-liner": ("missing_field", {TLDR: " \n"}, None),
    "an empty abstract": ("missing_field", {ABSTRACT: ""}, None),
    "control characters alone": ("missing_field", {TLDR: "\x00\x07"}, None),
    "a head in English": (
        "header_leak",
        {ABSTRACT: "arXiv:2404.02059v1 Announce Type: new Abstract: 我们"},
        None,
    ),
    "a head in Chinese": ("header_leak", {ABSTRACT: "arXiv:2404.02059v1 公告类型：新 摘要：" + CHINESE}, None),
    "a head in other words": ("header_leak", {ABSTRACT: "arXiv：2404.02059v1 发布类型: 交叉 摘要: " + CHINESE}, None),
    "a head without its number": ("header_leak", {ABSTRACT: "公告类型：替换。" + CHINESE}, None),
    "a head in the one-liner": ("header_leak", {TLDR: "公告类型: new。机器人只发送变化。"}, None),
    "a head in the English line": ("header_leak", {TLDR_EN: "arXiv:2404.02059v1 Announce Type: new. Robots."}, None),
    "a number at the head": ("header_leak", {TLDR: "arXiv:2404.02059 机器人只发送别人尚不知道的变化。"}, None),
    "an old number": ("header_leak", {TLDR: "arXiv:math/0309136v2 机器人只发送变化。"}, None),
    "a label and a number": ("header_leak", {ABSTRACT: "摘要：arXiv:2404.02059v1 " + CHINESE}, None),
    "a title's tail": ("header_leak", {TITLE: "地图共享 (arXiv:2401.08734v1 [cs.CV] UPDATED)"}, None),
    "a title's wide tail": ("header_leak", {TITLE: "地图共享（arXiv:2401.08734v1 [cs.CV] 更新）"}, None),
    "a title's bare tail": ("header_leak", {TITLE: "地图共享 (arXiv:2401.08734)"}, None),
    "a title's cut tail": ("header_leak", {TITLE: "地图共享 (arXiv:2401.08734v1 [cs.CV]"}, None),
    "here is": ("prompt_echo", {TLDR: "这里是一句话要点：机器人只发送变化。"}, None),
    "here is the title": ("prompt_echo", {TITLE: "这里是翻译后的标题：地图共享"}, None),
    "below is": ("prompt_echo", {ABSTRACT: "以下是翻译：" + CHINESE}, None),
    "below is the abstract": ("prompt_echo", {ABSTRACT: "以下为论文摘要的中文译文。" + CHINESE}, None),
    "this is the translation": ("prompt_echo", {ABSTRACT: "这是摘要的翻译：" + CHINESE}, None),
    "a quoted opening": ("prompt_echo", {TLDR: "“以下是总结”机器人只发送变化。"}, None),
    "a label": ("prompt_echo", {TITLE: "标题：地图共享"}, None),
    "a label of the line": ("prompt_echo", {TLDR: "一句话总结：机器人只发送变化。"}, None),
    "the paper in one line": ("prompt_echo", {TLDR: "这篇论文的一句话要点：机器人只发送变化。"}, None),
    "obedience": ("prompt_echo", {TLDR: "好的，机器人只发送别人尚不知道的变化。"}, None),
    "an assistant": ("prompt_echo", {TLDR: "作为一个AI语言模型，我认为机器人只发送变化。"}, None),
    "a bare label": ("prompt_echo", {TLDR_EN: "TL;DR:"}, None),
    "a tl;dr label": ("prompt_echo", {TLDR_EN: "TLDR: Robots send changes."}, None),
    "an English opening": ("prompt_echo", {TLDR_EN: "Here is the summary: Robots send changes."}, None),
    "an English obedience": ("prompt_echo", {TLDR_EN: "Sure! Robots send changes."}, None),
    "a translated title of": ("prompt_echo", {TITLE: "《地图共享》的论文标题"}, None),
    "the prompt's own words": ("prompt_echo", {TLDR: "直接说新在哪里、为什么重要，机器人只发送变化。"}, None),
    "the prompt's opening": ("prompt_echo", {ABSTRACT: "你是一名耐心的科技编辑，请把" + CHINESE}, None),
    "two lines of title": ("several_lines", {TITLE: "地图共享\n无线电时断时续"}, None),
    "two lines": ("several_lines", {TLDR: "机器人只发送变化。\n\n建图时间减半。"}, None),
    "two English lines": ("several_lines", {TLDR_EN: "Robots send changes.\nMaps are built faster."}, None),
    "a title as it was": ("wrong_language", {TITLE: "Sharing Maps over a Radio That Fails"}, None),
    "a title that is a name": ("wrong_language", {TITLE: "RadioMap"}, None),
    "a title of two words": ("wrong_language", {TITLE: "Map Sharing"}, paper(title="Map Sharing")),
    "a Japanese title": ("wrong_language", {TITLE: "ラジオによるマップの共有"}, None),
    "a Japanese name": ("wrong_language", {TITLE: "パイトーチ"}, paper(title="PyTorch")),
    "a Korean title": ("wrong_language", {TITLE: "고장 나는 라디오로 지도 공유하기"}, None),
    "a Russian title": ("wrong_language", {TITLE: "Обмен картами по радио"}, None),
    "an English one-liner": ("wrong_language", {TLDR: "Robots send only the changes that others cannot know."}, None),
    "a half-English one-liner": (
        "wrong_language",
        {TLDR: "机器人 send only the changes others cannot know."},
        None,
    ),
    "a Japanese one-liner": (
        "wrong_language",
        {TLDR: "ロボットは他が知らない変化だけを送る。"},
        None,
    ),
    "a Korean one-liner": ("wrong_language", {TLDR: "로봇은 다른 로봇이 모르는 변화만 보낸다."}, None),
    "a Russian one-liner": ("wrong_language", {TLDR: "Роботы отправляют только изменения карты."}, None),
    "an Arabic one-liner": ("wrong_language", {TLDR: "الروبوتات ترسل التغييرات فقط"}, None),
    "a formula alone": ("wrong_language", {TLDR: r"$O(d\sqrt{n})$"}, None),
    "an English abstract": ("wrong_language", {ABSTRACT: ENGLISH}, None),
    "an abstract in both": ("wrong_language", {ABSTRACT: f"{CHINESE} {ENGLISH}"}, None),
    "an abstract whose end is English": (
        "wrong_language",
        {ABSTRACT: CHINESE + " ".join(LONG_ENGLISH.split()[:60]) + CHINESE},
        None,
    ),
    "a Japanese abstract": (
        "wrong_language",
        {ABSTRACT: "無線が途切れる状況での地図の共有について。" * 9},
        None,
    ),
    "a title without end": ("too_long", {"translated_title": "图" * 2001}, None),
    "201 characters": ("too_long", {TLDR: "长" * (LONGEST_TLDR + 1)}, None),
    "801 characters of English": ("too_long", {TLDR_EN: "word " * (LONGEST_TLDR_EN // 5) + "ab"}, None),
    "an abstract's first sentence": ("incomplete", {ABSTRACT: CHINESE[:36]}, paper(abstract=LONG_ENGLISH)),
}


@pytest.mark.parametrize(("why", "changes", "of"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_refused_by_its_name(why: str, changes: Change, of: Paper | None) -> None:
    """One fault in an otherwise good reply is found and named."""
    assert reason(of, **changes) == why


def test_every_check_finds_something() -> None:
    """No row of the table stands in the shadow of the others."""
    found = set()
    for _, changes, of in BAD.values():
        fields = {name: text for name, text in (GOOD | changes).items() if text != "absent"}
        context = Context(of or paper(), INSTRUCTIONS)
        found.add(next(check for check in CHECKS if check(fields, context)))
    assert found == set(CHECKS)


@pytest.mark.parametrize(("why", "changes", "of"), BAD.values(), ids=BAD)
def test_a_fault_says_what_to_do_better(why: str, changes: Change, of: Paper | None) -> None:
    """In English for the report with the field's name, in Chinese for the model."""
    fields = {name: text for name, text in (GOOD | changes).items() if text != "absent"}
    fault = first_fault(fields, Context(of or paper(), INSTRUCTIONS))
    assert fault is not None
    changed = next(iter(changes))
    assert changed in fault.detail
    assert re.search(r"[\u4e00-\u9fff]", fault.again)
    assert "\n" not in fault.detail


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("Robots send only changes.", False),
        ("Robots", False),
        ("On 故宫 the method is faster.", False),
        ("", True),
        (" \n", True),
        ("—", True),
        ("2024", True),
        ("机器人只发送变化。", True),
        ("机器人只发送 map 变化。", True),
        ("TL;DR：机器人只发送变化。", True),
        ("Роботы", False),
    ],
)
def test_an_english_line_that_is_not_there(text: str, *, missing: bool) -> None:
    """Empty, without a word, or mostly Chinese."""
    assert english_tldr_is_missing({"tldr_en": text}) is missing


def test_an_english_line_that_is_absent() -> None:
    """No key is as missing as no word."""
    assert english_tldr_is_missing({})


REPEATED = (
    "-".join(["Gly"] * 39),
    ", ".join(["a-b-c-d"] * 9),
    " ".join(["state-of-the-art"] * 9),
    "-" * 5000,
    "$" * 5001,
    "(" * 5000,
    "arXiv:" * 3000,
    "the " * 39 + "!" * 4000,
)
JUDGE_ALL = """
import json, sys
from pipeline.records import Paper
from pipeline.summarize.checks import CHECKS
from pipeline.summarize.finding import Context
context = Context(Paper(id="2404.02059", title="T t", abstract="A " * 200), "")
for text in json.load(sys.stdin):
    fields = {"translated_title": "题目" + text, "tldr": "要点" + text, "tldr_en": text}
    fields["translated_abstract"] = "摘要" * 40 + text + "。"
    for check in CHECKS:
        check(fields, context)
"""


def test_no_text_takes_long_to_judge() -> None:
    """A peptide, a row of compounds, a rule of hyphens: whatever a model repeats is judged at once."""
    subprocess.run([sys.executable, "-c", JUDGE_ALL], input=json.dumps(REPEATED).encode(), check=True, timeout=15)


@given(st.dictionaries(st.sampled_from(TRANSLATION.fields), st.text()))
def test_no_text_breaks_the_checks(fields: dict[str, Any]) -> None:
    """Whatever stands in the fields, the outcome is a fault with a name, or none."""
    fault = first_fault(fields, Context(paper(), INSTRUCTIONS))
    assert fault is None or fault.check
    assert english_tldr_is_missing(fields) in {True, False}


@pytest.mark.parametrize("field", ["translated_title", "tldr", "tldr_en", "translated_abstract"])
@pytest.mark.parametrize("filling", ["!", "（arXiv:2404.00001", "a ", "中", "》的论文"])
def test_an_endless_field_is_refused_at_once(field: str, filling: str) -> None:
    """As too long, whatever it is made of, and before a check looks for patterns in it."""
    began = time.process_time()
    fault = first_fault(GOOD | {field: filling * 50_000}, Context(paper(), instructions=""))
    assert fault is not None
    assert fault.check == "too_long"
    assert time.process_time() - began < 0.5
