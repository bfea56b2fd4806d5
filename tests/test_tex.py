r"""TeX text macros in the text of others."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tex import parts, readable, without_macros

WRITTEN = {
    r"21\% of \emph{a $x_{\textbf{b}}$ c} d": r"21% of a $x_{\textbf{b}}$ c d",
    "获得 21\\% 的\\textbf{词}错误率": "获得 21% 的词错误率",
    r"\textbf{\textit{nested {kept}}}": "nested {kept}",
    r"{\em one} {\bf two}, \textsc{Three}": "one two, Three",
    r"R\&D \#1 a\_b \{0,1\} \$5": "R&D #1 a_b {0,1} $5",
    r"Poincar\'e, H\"older, Schr\"{o}dinger, {\'E}tale, Erd\H{o}s": "Poincaré, Hölder, Schrödinger, Étale, Erdős",
    r"X\footnote{\url{https://github.com/a\_b}} by Y \cite{z1, z2}.": "X (https://github.com/a_b) by Y.",
    r"\href{https://a.b}{\textit{here}} \ldots and\slash{}or": "here … and/or",
}
"""What authors and models write, and what a reader is to see."""
KEPT = [
    *(r"\textbf{open", r"{\em open", r"\unknown{x}", r"\eg, \etc.", r"{\alpha}GAN", r"\\emph{a}", "{a} } {", r"C:\dir"),
    *(r"$\emph{x}\%$", r"\(\textbf{a}\)", r"\[\%\]", r"$$\textit{a}$$", r"he said \"all\"", r"they\'re, Alzheimer\'s"),
]
"""What is no macro of text, or not whole, or part of a formula."""
PIECES = st.lists(
    st.sampled_from(["\\", " ", *r"\emph{ { } \% $x$ $\textbf{a}$ \(y\) {\em \footnote{ \'e 中 $".split()])  # noqa: SIM905
    | st.text(max_size=3),
    max_size=20,
).map("".join)


@pytest.mark.parametrize(("written", "seen"), WRITTEN.items())
def test_macros_are_unwrapped(written: str, seen: str) -> None:
    """The text within them stays, and so do formulas, to the letter."""
    assert without_macros(written) == readable(written) == seen


@pytest.mark.parametrize("text", KEPT)
def test_what_is_none_stays(text: str) -> None:
    """Broken and unknown macros and formulas are shown as they were written."""
    assert without_macros(text) == text


@given(PIECES)
def test_any_text_is_read(text: str) -> None:
    """Of any text the formulas are found in their order, and nothing is made up but what macros stand for."""
    found = [part[0] for part in parts(text) if isinstance(part, re.Match)]
    assert "".join(part if isinstance(part, str) else part[0] for part in parts(text)) == without_macros(text)
    assert all(formula in text for formula in found)
    assert len(without_macros(text)) <= len(text)


@given(st.text().filter(lambda text: "\\" not in text))
def test_text_without_a_backslash_stays(text: str) -> None:
    """Braces and dollar signs alone are no macro."""
    assert without_macros(text) == text


HOSTILE = ("{\\", "\\emph{", "\\cite[", "\\href{", "\\footnote{}}", " ", "\\'", 'a\\"e', "$a", "\\cite{ ")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_takes_no_time(text: str) -> None:
    """The time grows with the length of the text, not with its square."""
    start = time.process_time()
    without_macros(text * 20_000 + "\\")
    assert time.process_time() - start < 3
