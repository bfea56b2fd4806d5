"""The glossary: its file, how its terms are found in a text, and how a translation is held to it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import PromptError
from pipeline.glossary import COLUMNS, FILE, NO_TERMS, Glossary, Term, WrongTerm, load, wrong_terms
from pipeline.term_forms import forms_of, words_in

OURS = Path(__file__).resolve().parent.parent / "prompts" / FILE
HEAD = ",".join(COLUMNS)
QUBIT = Term("qubit", "量子比特", "physics", ("量子位元",))
TOKEN = Term("token", "词元", "language", ("令牌",), "可留原文")
ACCESS = Term("access token", "访问令牌", "systems")
MODEL = Term("language model", "语言模型", "language")
LARGE = Term("large language model", "大语言模型", "language")
FEW = Term("few-shot", "少样本", "machine learning", ("少拍",))
TUNING = Term("fine-tuning", "微调", "machine learning")
RAG = Term("RAG", "检索增强生成", "language", (), "可留原文")
BEAM = Term("beam search", "束搜索", "language", ("光束搜索",))
SOME = Glossary((QUBIT, TOKEN, ACCESS, MODEL, LARGE, FEW, TUNING, RAG, BEAM))


@pytest.fixture(scope="module")
def ours() -> Glossary:
    """The glossary of the package."""
    return load(OURS)


def write(folder: Path, *lines: str, end: str = "\n") -> Path:
    """Write a glossary of these lines."""
    path = folder / FILE
    path.write_bytes("".join(f"{line}{end}" for line in lines).encode())
    return path


def single(term: str) -> Glossary:
    """A glossary of one term."""
    return Glossary((Term(term, "术语", "theory"),))


def bare(rendering: str) -> str:
    """A rendering without what does not tell two apart."""
    return re.sub("[ –—-]", "", rendering).lower()


def names(terms: Iterable[Term]) -> list[str]:
    """The terms by their names."""
    return [term.term for term in terms]


def test_the_packages_glossary_is_large_and_varied(ours: Glossary) -> None:
    """Its rows are whole, its terms are of nine fields, and each of them is found as it is listed."""
    assert len(ours.terms) >= 420
    assert set(ours.by_field()) == {
        *("machine learning", "language", "vision", "systems", "theory", "statistics"),
        *("physics", "economics", "finance"),
    }
    assert [term.term for term in ours.terms if ours.found_in(f"A {term.term}.") != (term,)] == []


def test_no_forbidden_rendering_is_part_of_a_right_one(ours: Glossary) -> None:
    """Of whatever term: a text that has both terms would else be blamed for what is right."""
    renderings = [bare(term.rendering) for term in ours.terms]
    forbidden = [(term.term, each) for term in ours.terms for each in term.forbidden]
    assert [row for row in forbidden if any(bare(row[1]) in rendering for rendering in renderings)] == []


def test_a_row_is_read_into_a_term(tmp_path: Path) -> None:
    """Renderings are parted by either semicolon; blanks around cells do not count."""
    path = write(tmp_path, HEAD, 'beam search, 束搜索 ,language,光束搜索；波束搜索; 梁搜索,"note, with comma"')
    forbidden = ("光束搜索", "波束搜索", "梁搜索")
    assert load(path) == Glossary((Term("beam search", "束搜索", "language", forbidden, "note, with comma"),), path)


def test_what_a_spreadsheet_writes_is_read(tmp_path: Path) -> None:
    """A byte order mark, CRLF, and rows of empty cells at the end."""
    path = write(tmp_path, f"\ufeff{HEAD}", "qubit,量子比特,physics,量子位元,", ",,,,", end="\r\n")
    assert load(path).terms == (QUBIT,)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("qubit,量子比特,physics,", "4 cells instead of 5: put a cell that has a comma into quotation marks"),
        ("a, b,甲,theory,,", "6 cells instead of 5: put a cell that has a comma into quotation marks"),
        (",量子比特,physics,,", "term empty: fill the cell, or delete the row"),
        ("qubit,,,,", "中文 and field empty: fill the cell, or delete the row"),
        ("-,连字符,theory,,", "'-' must begin with a letter or digit"),
        (
            "token,词元；标记,language,,",
            "'token' has several renderings in 中文: keep one, and name the others in the note",
        ),
        (
            "actor-critic,行动者–评论家,machine learning,行动者 - 评论家,",
            (
                "'行动者–评论家' is the rendering of 'actor-critic' and cannot be forbidden: "
                "delete it in one of the two cells"
            ),
        ),
        ("Fine Tuning,微调,machine learning,,", "'Fine Tuning' stands on line 2 already: keep one of the two"),
        (
            'token,"词\n元",language,,',
            "a line end or control character in a cell: is a quotation mark open? Keep each row on one line",
        ),
    ],
)
def test_a_broken_row_is_named_by_its_line(tmp_path: Path, row: str, fault: str) -> None:
    """The message says what to do as well."""
    path = write(tmp_path, HEAD, "fine-tuning,微调,machine learning,,", row)
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message == f"{path}: line 3: {fault}"


def test_several_broken_rows_are_named_at_once_but_not_all_of_hundreds(tmp_path: Path) -> None:
    """Five of them, and the number of the others; a line counts as the editor counts it."""
    path = write(tmp_path, HEAD, 'token,"词\n元",language,,', *["qubit,,physics,,"] * 7)
    with pytest.raises(PromptError, match=r"line 2: .*; line 4: 中文 empty.*line 7: .*; and 3 more$"):
        load(path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", f": is empty; its first line must be {HEAD}"),
        (b"term;x\n", f": line 1 must be {HEAD}, with commas between; restore it"),
        (f"{HEAD}\n".encode("gbk"), ": is not UTF-8; save it as 'CSV UTF-8 (comma delimited)'"),
        (f"{HEAD}\n".encode("utf-16"), ": is not UTF-8; save it as 'CSV UTF-8 (comma delimited)'"),
        (f'{HEAD}\nqubit,"量子"比特,physics,,\n'.encode(), ": line 2: "),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path: Path, content: bytes, fault: str) -> None:
    """With what to do."""
    path = tmp_path / FILE
    path.write_bytes(content)
    with pytest.raises(PromptError) as caught:
        load(path)
    assert caught.value.message.startswith(f"{path}{fault}")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A folder of that name, for one."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(PromptError, match="cannot be read"):
        load(tmp_path / FILE)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{HEAD}\n{text}".encode("utf-8", "replace")))
def test_any_file_is_a_glossary_or_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Never a traceback."""
    path = tmp_path_factory.getbasetemp() / FILE
    path.write_bytes(content)
    with contextlib.suppress(PromptError):
        load(path).found_in("any text")


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("qubit", "Qubits are noisy."),
        ("large language model", "LARGE LANGUAGE\nMODELS"),
        ("few-shot", "few shot learning"),
        ("few-shot", "a fewshot task"),
        ("beam search", "Beam-search decoding"),
        ("beam search", "with beam\u2010search"),
        ("fine-tuning", "we fine-tuned it"),
        ("fine-tuning", "finetune"),
        ("fine-tuning", "fine tunes"),
        ("pre-training", "pretrained"),
        ("denoising", "denoised"),
        ("deblurring", "to deblur"),
        ("RAG", "RAGs"),
        ("degree of freedom", "six degrees of freedom"),
        ("adjacency matrix", "adjacency matrices"),
        ("Nash equilibrium", "Nash equilibria"),
        ("ablation study", "ablation studies"),
        ("null hypothesis", "null hypotheses"),
        ("active galactic nucleus", "active galactic nuclei"),
        ("nearest neighbor", "nearest neighbours"),
        ("regularization", "regularisation"),
        ("multi-agent system", "multiagent systems"),
        ("Bose-Einstein condensate", "Bose–Einstein condensates"),
        ("C++", "in C++."),
    ],
)
def test_a_term_is_found_in_each_of_its_forms(term: str, text: str) -> None:
    """Case, number, hyphen or blank, one word or two, the verb of a gerund, British spelling."""
    assert names(single(term).found_in(text)) == [term]


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("RAG", "a rag doll"),
        ("LLM", "llm"),
        ("token", "tokenization"),
        ("anyon", "canyons"),
        ("language model", "a language. Model it"),
        ("language model", "language, model"),
        ("few-shot", "few of the shots"),
        ("wave function", "wave_function"),
    ],
)
def test_what_only_looks_like_a_term_is_not_found(term: str, text: str) -> None:
    """Acronyms have their case, words their ends, and punctuation parts words."""
    assert single(term).found_in(text) == ()


def test_terms_come_in_order_of_first_appearance_and_the_longer_one_hides_the_shorter() -> None:
    """Each once."""
    text = "RAG with large language models: an access token, qubits; another RAG, and a language model."
    assert names(SOME.found_in(text)) == ["RAG", "large language model", "access token", "qubit", "language model"]
    assert SOME.line("Qubits and tokens") == "qubit 量子比特；token 词元"
    assert (SOME.line("Nothing here"), NO_TERMS.line("qubits")) == ("", "")


def test_a_form_of_two_terms_is_of_the_one_that_is_listed_so() -> None:
    """Whatever their order in the file."""
    gerund, verb = Term("confounding", "混杂", "statistics"), Term("confound", "混杂因素", "statistics")
    for terms in ((gerund, verb), (verb, gerund)):
        assert Glossary(terms).found_in("they confound") == (verb,)


def test_a_term_is_named_by_any_of_its_forms() -> None:
    """And by nothing that has it only in part."""
    assert SOME.named("Fine-Tuned") == TUNING
    assert (SOME.named("fine-tuned qubits"), SOME.named(""), SOME.named("quibit")) == (None, None, None)


WORDS = st.text("abs", min_size=1, max_size=2)
TERMS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
GLOSSARIES = st.lists(TERMS, min_size=1, max_size=6, unique=True).map(
    lambda terms: Glossary(tuple(Term(term, "术语", "theory") for term in terms))
)
GAPS = st.sampled_from([" ", "\n", "-", "  "])


@given(GLOSSARIES, st.lists(WORDS | st.sampled_from([".", "词", "(", "ing"]), max_size=12).map(" ".join))
def test_no_term_is_found_that_is_not_in_the_text(glossary: Glossary, text: str) -> None:
    """One of its forms stands there, word by word."""
    words = tuple(map(str.lower, words_in(text)))
    runs = {words[start:end] for start in range(len(words)) for end in range(start + 1, len(words) + 1)}
    assert [term for term in glossary.found_in(text) if runs.isdisjoint(forms_of(term.term))] == []


@given(GLOSSARIES, st.data())
def test_every_planted_term_is_found(glossary: Glossary, data: st.DataObject) -> None:
    """Also where other terms begin alike, with any blanks, hyphens and case between."""
    planted = data.draw(st.sampled_from(glossary.terms))
    written = "".join(word + data.draw(GAPS) for word in planted.term.split()).strip("- \n")
    cased = data.draw(st.sampled_from([written, written.upper(), written.title()]))
    around = st.text('甲，。 (;"', max_size=9)
    assert glossary.found_in(f"{data.draw(around)}{cased}{data.draw(around)}") == (planted,)


def test_a_paper_takes_less_than_a_third_of_a_millisecond(ours: Glossary) -> None:
    """The time grows with the text, and not with the number of terms."""
    abstract = "We fine-tune large language models on few-shot tasks, where reward hacking and noise matter. " * 14
    ours.found_in(abstract)
    seconds = []
    for _ in range(20):
        begun = time.process_time()
        ours.found_in(abstract)
        seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.001  # three times what is wanted, for a busy machine


@pytest.mark.parametrize(
    ("english", "chinese", "wrong"),
    [
        ("A qubit.", "一个量子位元。", [("qubit", "量子位元")]),
        ("A qubit.", "一个量子比特（量子位元）。", []),
        ("A qubit.", "一个量子元。", []),
        ("A gate.", "一个量子位元。", []),
        ("A qubit.", "一个 qubit 门。", [("qubit", None)]),
        ("Two qubits.", "两个qubits。", [("qubit", None)]),
        ("A qubit.", "门（qubit）。", []),
        ("A qubit.", "名为 Qubit 的工具。", []),
        ("A qubit.", "见 https://example.org/qubit。", []),
        ("A qubit.", "见 open-qubit 与 qubit_net。", []),
        ("Tokens.", "每个 token。", []),
        ("Tokens.", "每个令牌。", [("token", "令牌")]),
        ("An access token and a token.", "访问令牌与标记。", []),
        ("An access token and a token.", "访问令牌与令牌。", [("token", "令牌")]),
        ("Beam search.", "光束搜索。", [("beam search", "光束搜索")]),
        ("Beam search.", "光束搜索即束搜索。", []),
        ("Few-shot qubits.", "少 拍量子位元。", [("few-shot", "少拍"), ("qubit", "量子位元")]),
    ],
)
def test_a_rendering_is_wrong_only_where_it_is_forbidden_or_left_in_english(
    english: str, chinese: str, wrong: list[tuple[str, str | None]]
) -> None:
    """Names, addresses, brackets and what the note allows do not count, nor does a part of another term."""
    assert [(one.term.term, one.found) for one in wrong_terms(english, chinese, SOME)] == wrong


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("A call option and a put option.", "看涨期权与看跌期权。"),
        ("Call options rise, puts fall.", "认购期权上涨，看跌期权下跌。"),
        ("Polarons and polaritons.", "极化子与极化激元。"),
        ("Polarons couple to plasmon-like polaritons.", "极化子与类等离激元的极化激元耦合。"),
        ("Credible intervals, not confidence intervals.", "是可信区间，而非置信区间。"),
        ("Bayesian credible intervals.", "贝叶斯置信区间。"),
        ("Propensity score matching.", "倾向得分匹配。"),
        ("Score matching, and propensity score matching.", "分数匹配，以及倾向值匹配。"),
        ("A field-programmable gate array.", "现场可编程门阵列。"),
        ("Tight bounds for tight-binding models.", "紧束缚模型的紧界。"),
        ("Hyperparameters of over-parameterized nets.", "过参数化网络的超参数，可提高参数效率。"),
        ("Hypothesis testing assumes clean test data.", "检验时假设测试数据没有噪声。"),
        ("In-distribution memory.", "为分布内的数据分配内存。"),
        ("Security tokens, token rings, tokens of LLMs.", "安全令牌、令牌环与大语言模型的词元。"),
        ("A distribution transformer.", "配电变压器。"),
        ("Pre-training earnings of workers.", "工人培训前的收入。"),
        ("A fiber bundle of muscle.", "肌肉的纤维束。"),
        ("The intake manifold.", "进气歧管。"),
        ("Information diffusion models.", "信息传播模型。"),
        ("The risk premium of an insurance.", "保险的风险保费。"),
        ("Static analysis of beams.", "梁的静力分析。"),
        ("Mechanism design for robots.", "机器人的机构设计。"),
        ("Tight-binding inhibitors.", "紧密结合抑制剂。"),
        ("These quasiparticles.", "这类粒子。"),
    ],
)
def test_right_text_is_clean_also_where_like_terms_stand_together(ours: Glossary, english: str, chinese: str) -> None:
    """And where a neighbouring field has another word for the term."""
    assert wrong_terms(english, chinese, ours) == []


MUTUAL = Glossary(
    (
        Term("call option", "看涨期权", "finance", ("看跌期权",)),
        Term("put option", "看跌期权", "finance", ("看涨期权",)),
        Term("gate array", "可编程门阵列", "systems", ("门阵列",)),
    )
)


@pytest.mark.parametrize(
    ("english", "chinese", "wrong"),
    [
        ("A call option and a put option.", "看涨期权与看跌期权。", []),
        ("A call option and a put option.", "认购期权与看跌期权。", []),
        ("A call option.", "看跌期权。", ["看跌期权"]),
        ("A put option.", "看涨期权。", ["看涨期权"]),
        ("A gate array.", "可编程门阵列。", []),
        ("A gate array.", "门阵列。", ["门阵列"]),
    ],
)
def test_what_is_forbidden_for_one_term_may_be_right_for_another(english: str, chinese: str, wrong: list[str]) -> None:
    """Where the other term is in the English too; nor is a part of the term's own rendering wrong."""
    assert [one.found for one in wrong_terms(english, chinese, MUTUAL)] == wrong


def test_what_is_said_of_a_wrong_term_is_short(ours: Glossary) -> None:
    """A finding quotes 60 characters, with the right rendering among them."""
    assert WrongTerm(QUBIT, "量子位元").advice == "量子位元，应译作量子比特"
    assert WrongTerm(QUBIT, None).advice == "qubit，应译作量子比特"
    found = [WrongTerm(term, each) for term in ours.terms for each in (*term.forbidden, None)]
    assert max(len(wrong.advice) for wrong in found) <= 60


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_pair_of_texts_can_be_checked(english: str, chinese: str) -> None:
    """A term is wrong only if the English has it."""
    assert {one.term for one in wrong_terms(english, chinese, SOME)} <= set(SOME.found_in(english))


def test_most_recorded_translations_follow_the_glossary(ours: Glossary) -> None:
    """Of 800 good replies, made without the glossary, at most one in fifty has a wrong term."""
    if not (data := os.environ.get("ARXIV_DIGEST_TEST_DATA")):
        pytest.skip("needs ARXIV_DIGEST_TEST_DATA")
    with (Path(data) / "replies" / "ok.jsonl").open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    wrong = [
        row["id"]
        for row in rows
        if wrong_terms(
            f"{row['title']}\n{row['abstract']}", f"{row['translated_title']}\n{row['translated_abstract']}", ours
        )
    ]
    assert 0 < len(wrong) <= len(rows) / 50


def test_the_packages_glossary_is_as_a_spreadsheet_program_leaves_it() -> None:
    """Written again by the same rules it has the same bytes, so that an edit shows as the lines that were edited."""
    text = OURS.read_bytes().decode()
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows(csv.reader(io.StringIO(text, newline="")))
    assert written.getvalue() == text
