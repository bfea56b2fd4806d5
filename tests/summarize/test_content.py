"""The checks of content, row by row: what each finds, and that it finds nothing in a good translation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records import Paper
from pipeline.summarize.content.affinity import Texts
from pipeline.summarize.content.names import added_name, lost_formula, lost_names
from pipeline.summarize.content.numbers import added_number, exchanged_numbers, wrong_numbers
from pipeline.summarize.content.table import CONTENT_CHECKS, findings, reasons
from pipeline.summarize.finding import Context, Pair

TITLE = "Fast Attention for Large Graph Neural Networks in Practice"
ENGLISH = (
    "Graph neural networks suffer from slow attention on large graphs.",
    "We propose FastGAT, which reduces the cost of attention from $O(n^2)$ to linear time.",
    "On two datasets it improves accuracy by 3.5% and is 12 times faster than GraphSAGE.",
    "The method does not need any labels during training.",
    "Our code is available at https://example.org/fast .",
    "It improves accuracy on every graph of the benchmark.",
)
GOOD_TITLE = "实用大规模图神经网络的快速注意力"
GOOD_LINE = "FastGAT 把图神经网络的注意力开销降到线性时间，在两个数据集上准确率提高 3.5%。"
GOOD = (
    "图神经网络在大规模图上的注意力计算很慢。",
    "我们提出 FastGAT，把注意力的开销从 $O(n^2)$ 降到线性时间。",
    "在两个数据集上，它的准确率提高 3.5%，速度是 GraphSAGE 的 12 倍。",
    "该方法在训练时不需要任何标签。",
    "我们的代码见 https://example.org/fast 。",
    "在基准的每张图上，它都提高了准确率。",
)


def found(
    *, title: str = GOOD_TITLE, line: str = GOOD_LINE, said: tuple[str, ...] = GOOD, numbered: bool = True
) -> set[tuple[str, int | None]]:
    """Return the checks that find something in a reply, each with the sentence that it names."""
    paper = Paper(id="2404.02059", title=TITLE, abstract=" ".join(ENGLISH))
    fields = {"translated_title": title, "tldr": line, "tldr_en": "A.", "translated_abstract": "".join(said)}
    pairs = tuple(map(Pair, ENGLISH, said)) if numbered else ()
    return {(one.check, one.sentence) for one in findings(fields, Context(paper, "", pairs))}


def judged_alone(title: str, zh_title: str, english: str, chinese: str) -> set[str]:
    """Return the checks that find something in a title and one sentence."""
    fields = {"translated_title": zh_title, "tldr": "要点", "tldr_en": "A.", "translated_abstract": chinese}
    paper = Paper(id="2404.02059", title=title, abstract=english)
    return {one.check for one in findings(fields, Context(paper, "", (Pair(english, chinese),)))}


def with_sentence(number: int, text: str) -> set[tuple[str, int | None]]:
    """Return what is found where one sentence of the numbered reply is another."""
    return found(said=(*GOOD[: number - 1], text, *GOOD[number:]))


def test_a_good_reply_is_clean() -> None:
    """Nothing is found, in the numbered form and in the plain one."""
    assert found() == found(numbered=False) == set()


CASES: dict[str, tuple[int, str]] = {
    "wrong_language": (1, "……"),
    "traditional": (1, "圖神經網絡在大規模圖上的注意力計算很慢。"),
    "regional": (1, "图神经网路演算法在大规模图上的注意力计算很慢。"),
    "half_translated": (1, "图神经网络在大规模图上 suffer from slow attention。"),
    "unfinished": (1, "图神经网络在大规模图上的注意力计算很"),
    "number": (3, "在两个数据集上，它的准确率提高 4.5%，速度是 GraphSAGE 的 12 倍。"),
    "formula": (2, "我们提出 FastGAT，把注意力的开销降到线性时间。"),
    "link": (5, "我们的代码已经公开，可供使用。"),
    "name_lost": (3, "在两个数据集上，它的准确率提高 3.5%，速度是对照方法的 12 倍。"),
    "name_added": (1, "图神经网络 ZetaNet 在大规模图上的注意力计算很慢。"),
    "length": (1, "图神经网络。"),
    "foreign_sentence": (1, "该算法利用随机梯度下降优化损失函数，并证明了收敛性。"),
    "added_sentence": (4, "该方法在训练时不需要任何标签。它已投入临床使用。"),
    "negation": (4, "该方法在训练时需要大量标签。"),
    "clause": (3, "在两个数据集上，速度是 GraphSAGE 的 12 倍，为 3.5%。"),
    "brackets": (1, "图神经网络（）在大规模图上的注意力计算很慢。"),
    "turned": (6, "在基准的每张图上，它都降低了准确率。"),
}


@pytest.mark.parametrize("check", CASES)
def test_a_check_names_the_sentence(check: str) -> None:
    """Each check of sentences finds its fault, and names the sentence."""
    number, text = CASES[check]
    assert (check, number) in with_sentence(number, text)


@pytest.mark.parametrize(
    "text",
    ["私たちは新しい手法を提案し、その有効性を示します。", "우리는 새로운 방법을 제안하고 실험을 보여준다 모델."],
)
def test_another_script_is_refused(text: str) -> None:
    """A sentence in Japanese or Korean is not Chinese."""
    assert ("wrong_language", 1) in with_sentence(1, text)


@pytest.mark.parametrize(
    ("check", "changes"),
    [
        ("title_short", {"title": "快速注意力"}),
        ("title_short", {"title": "大规模图神经网络"}),
        ("line_repeated", {"line": GOOD[2]}),
        ("title_english", {"title": "Fast Attention for Large Graph 的研究"}),
        ("title_unlike", {"title": "银行资产的拍卖与期权定价博弈模型"}),
        ("line_unlike", {"line": "用随机梯度下降优化损失函数，为银行资产拍卖与博弈证明了收敛性和均衡。"}),
        ("number", {"line": "FastGAT 把图神经网络的注意力开销降到线性时间，准确率提高 17.3%。"}),
        ("filler", {"line": "本文提出 FastGAT，把图神经网络的注意力开销降到线性时间。"}),
    ],
)
def test_title_and_one_liner_are_checked(check: str, changes: dict[str, str]) -> None:
    """Each of their faults has its check."""
    assert check in {name for name, _ in found(**changes)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("We find that the abilities under study are different.", "我们发现，所研究的各种能力彼此不同。"),
        ("People who find the same goal often need different time to do so.", "找到同样目标的人，所需时间往往不同。"),
        ("It offers a reduction of the delay for each added step.", "每增加一步，延迟都会缩短。"),
    ],
)
def test_everyday_words_are_known(english: str, chinese: str) -> None:
    """A sentence of few research words is neither foreign nor the opposite of its original."""
    assert judged_alone(TITLE, GOOD_TITLE, english, chinese) == set()


def test_a_possessive_is_no_word_of_its_own() -> None:
    """A title is not short for want of its English 's, but is for want of a part."""
    title = "Assessing the Effect of Online Trade on Small-Firm Growth in the Northern Region's Rural Towns"
    english, chinese = "It grows.", "它在增长。"
    assert judged_alone(title, "网络贸易对北部农村小企业成长影响的评估", english, chinese) == set()
    assert judged_alone(title, "网络贸易对小企业的影响", english, chinese) == {"title_short"}


def test_terms_are_compared_with_a_glossary() -> None:
    """In the title and in each sentence, by whatever compares them for the paper."""

    def wrong_term(english: str, chinese: str) -> str:
        return "attention" if "ttention" in english and "注意力" not in chinese else ""

    said = (GOOD[0].replace("注意力", "关注"), *GOOD[1:])
    paper = Paper(id="2404.02059", title=TITLE, abstract=" ".join(ENGLISH))
    fields = {"translated_title": GOOD_TITLE, "tldr": GOOD_LINE, "tldr_en": "A.", "translated_abstract": "".join(said)}
    context = Context(paper, "", tuple(map(Pair, ENGLISH, said)), wrong_term)
    assert [(one.check, one.sentence) for one in findings(fields, context)] == [("term", 1)]


def test_exchanged_numbers_are_found() -> None:
    """Percentages and decimals are named in the order of the original; whole numbers need not be."""
    assert exchanged_numbers("from 12.5% to 40.25%", "从 40.25% 到 12.5%") == "40.25, 12.5"
    assert exchanged_numbers("from 12.5% to 40.25%", "从 12.5% 到 40.25%") == ""
    assert exchanged_numbers("16 kinds in 31 programs", "31 个程序中的 16 种") == ""
    assert exchanged_numbers("0.5 points for Model 2.1", "使 Model 2.1 提高 0.5 分") == ""
    assert exchanged_numbers("from 12.5% to 40.25% for Model 2.1", "Model 2.1 从 40.25% 到 12.5%") == "40.25, 12.5"
    english, chinese = "It grows from 12.5% to 40.25%.", "它从 40.25% 增加到 12.5%。"
    paper = Paper(id="2404.02059", title=TITLE, abstract=english)
    fields = {"translated_title": GOOD_TITLE, "tldr": "要点", "tldr_en": "A.", "translated_abstract": chinese}
    context = Context(paper, "", (Pair(english, chinese),))
    assert [one.check for one in findings(fields, context)] == ["number"]


def test_a_plain_reply_is_aligned() -> None:
    """A sentence that is left out, added, or another paper's is found without numbers, at any place."""
    foreign = "该算法利用随机梯度下降优化损失函数，并证明了收敛性。"
    for at in range(len(GOOD)):
        assert ("dropped_sentence", None) in found(said=(*GOOD[:at], *GOOD[at + 1 :]), numbered=False)
        assert ("added_sentence", None) in found(said=(*GOOD[:at], foreign, *GOOD[at:]), numbered=False)
        assert found(said=(*GOOD[:at], foreign, *GOOD[at + 1 :]), numbered=False) != set()


def test_every_check_has_words() -> None:
    """Readers' words are Chinese; the model's words name what was found."""
    assert all(check.reason and check.again for check in CONTENT_CHECKS)
    assert set(reasons()) >= {"number", "dropped_sentence", "added_sentence"}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("34 % of them", "其中 34%"),
        ("34 percent of 1,000", "1000 的百分之三十四，即 34%"),
        ("about 1,200,000 papers", "约 120 万篇论文"),
        ("1.2 million papers", "120 万篇论文"),
        ("a rate of $10^{-3}$", "速率为 10^{-3}"),
        ("3.9x smaller", "大小相差 3.9 倍"),
        ("70K samples", "7 万个样本"),
        ("a 7B model", "70 亿参数的模型"),
        ("two methods", "两种方法"),
        ("half of three", "三个中的一半"),
        ("one third, 33%", "三分之一，33%"),
        ("between 10-20%", "10% 至 20%"),
        ("in 5 ms", "5 毫秒内"),
        ("a change of -0.5", "下降 0.5"),
        ("GPT-4 with top-5", "GPT-4，前 5"),
        ("thirty-two heads", "32 个头"),
        ("in March 2023", "2023 年 3 月"),
        ("a 7-9x lower delay", "延迟降至 1/9 至 1/7"),
        ("a 2 parameter family", "双参数族"),
        ("with 10$^5$ samples", "用 10 万个样本"),
        ("with 10$^{5}$ samples of 3 m$^2$", "用 10$^5$ 个 3 平方米的样本"),
    ],
)
def test_numbers_are_the_same_in_both_languages(english: str, chinese: str) -> None:
    """Units, scales, signs and numerals as each language writes them."""
    assert wrong_numbers(english, chinese) == ""


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("34 % of them", "其中 43%"),
        ("34 % of them", "其中 34 个"),
        ("1.2 million papers", "12 万篇论文"),
        ("two methods", "三种方法"),
        ("in 5 ms", "5 秒内"),
        ("a value of -0.5", "值为 0.5"),
        ("some papers", "50 篇论文"),
        ("a rate of 10^{-3}", "速率为 10^{-2}"),
        ("70K samples", "70 个样本"),
        ("a 7-9x lower delay", "延迟降至 1/9 至 1/6"),
        ("a 2 parameter family", "多参数族"),
        ("with 10$^5$ samples", "用 100 万个样本"),
    ],
)
def test_a_number_that_differs_is_found(english: str, chinese: str) -> None:
    """Digits, per cent, scale, unit, sign and power."""
    assert wrong_numbers(english, chinese) != ""


def test_names_and_formulas_are_compared() -> None:
    """Kept or opened is right; gone, replaced or broken is not."""
    assert lost_names("an AI model for 3D LLMs", "面向三维大语言模型的人工智能模型") == ""
    assert lost_names("we use ResNet50", "我们使用残差网络") == "ResNet50"
    assert added_name("we use ResNet50", "我们使用 DenseNet") == "DenseNet"
    assert added_name("a Gaussian and a Laplacian", "Gauss 分布与 Laplace 算子") == ""
    assert added_name("a Gaussian and a Laplacian", "Gauss 分布与 Lagrange 函数") == "Lagrange"
    assert added_number("we use 50", "提高 60") == "60"
    assert added_number("we draw 10$^5$ samples", "抽取 10 万个样本") == ""
    assert lost_formula("with $\\rho$ and $x^2$", "用 ρ 和 $x^2$") == ""
    assert lost_formula("with $\\sqrt{n}$", "用 sqrt n") == "$\\sqrt{n}$"
    assert lost_formula("with $\\mu_k$$\\sim$0.2 and $k$/$n$", "其中 $\\mu_k$$\\sim$0.2，$k$/$n$ 亦然") == ""
    assert lost_formula("with $\\mu_k$$\\sim$0.2", "其中 $\\nu_k$$\\sim$0.2") == "$\\mu_k$"
    assert lost_formula("with $$n^2$$ for $k$", "用 $n^2$ 表示 $k$") == ""
    assert lost_formula("with $n$", "用 $n") == "$"
    assert lost_formula("with $n>0$ and $m$", "用 $n>$ 和 $m$") == "$n>0$"
    assert wrong_numbers("with $n^{2}$", "用 $n^{3}$") == "3"


@given(st.lists(st.text(max_size=40), max_size=6), st.lists(st.text(max_size=40), max_size=6))
def test_an_alignment_has_each_sentence_once(english: list[str], chinese: list[str]) -> None:
    """In order, on both sides, whatever the texts are."""
    beads = Texts(english, chinese).align()
    assert [at for bead in beads for at in bead.english] == list(range(len(english)))
    assert [at for bead in beads for at in bead.chinese] == list(range(len(chinese)))


@given(st.text(min_size=1), st.text(min_size=1), st.text(), st.booleans())
def test_any_text_can_be_judged(english: str, chinese: str, line: str, numbered: bool) -> None:
    """Foreign text of any kind raises nothing, and each finding has its words."""
    paper = Paper(id="2404.02059", title=f"A {english}", abstract=f"A {english}")
    fields = {"translated_title": chinese, "tldr": line, "tldr_en": "A.", "translated_abstract": chinese}
    pairs = (Pair(english, chinese),) if numbered else ()
    assert all(one.detail and one.again for one in findings(fields, Context(paper, "", pairs)))


@given(
    st.text("0123456789.,^{}-−% 十百千万亿两半成分之点KMx$\\"),
    st.text("0123456789.,^{}-−% 十百千万亿两半成分之点KMx$\\"),
)
def test_any_numbers_can_be_compared(english: str, chinese: str) -> None:
    """However digits, marks and numerals follow one another."""
    assert isinstance(wrong_numbers(english, chinese), str)
