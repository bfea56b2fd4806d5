"""Formulas in the text of others."""

from __future__ import annotations

import re
from html import unescape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as parser

from pipeline.assemble.formulas import _ATTRIBUTES, _ELEMENTS, with_formulas


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a $x_i^2$ b", "a <math><msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math> b"),
        (r"\(a<b\)", "<math><mi>a</mi><mo>&lt;</mo><mi>b</mi></math>"),
        (r"$$\frac12$$", "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"),
        (r"\[\mbox{dim} M\]", "<math><mtext>dim</mtext><mi>M</mi></math>"),
        ("把$K$和$L$相加", "把<math><mi>K</mi></math>和<math><mi>L</mi></math>相加"),
        (r"$\textit{Space}$", "<math><mtext><i>Space</i></mtext></math>"),
        ("<b>$x$<i>&", "&lt;b&gt;<math><mi>x</mi></math>&lt;i&gt;&amp;"),
        (r"$97.5\%$", "<math><mn>97.5</mn><mi>%</mi></math>"),
        ("$x$2", "<math><mi>x</mi></math>2"),
        ("$g$$h$3", "<math><mi>g</mi></math><math><mi>h</mi></math>3"),
        ("$$x$$$$y$$", "<math><mi>x</mi></math><math><mi>y</mi></math>"),
    ],
)
def test_a_formula_becomes_mathml(text: str, expected: str) -> None:
    """In each pair of delimiters, inline, whatever stands around it."""
    assert with_formulas(text) == expected


def _shown(text: str) -> str:
    """Return ``text`` as it is read, with each formula in brackets."""
    made = re.sub(r"<(/?)math>", lambda tag: "]" if tag[1] else "[", with_formulas(text))
    return unescape(re.sub(r"<[^>]*>", "", made))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"a $\sim$10$\times$ speedup", "a [∼]10[×] speedup"),
        (r"masses $>$10 M$_\odot$ are", "masses [>]10 M[⊙] are"),
        (r"P$_{C_1}$ $\sim$1 GPa and P$_{C_2}$", "P[C1] [∼]1 GPa and P[C2]"),
        (r"$1.4\times$10$^{-3}$", "[1.4×]10[−3]"),
        ("$z=$6 to $z=$7", "[z=]6 to [z=]7"),
        (r"p$^\prime$$\gamma$$^{12}$C", "p[′][γ][12]C"),
        (r"快了$\sim$10$\times$。", "快了[∼]10[×]。"),
        (r"$\epsilon $-差分隐私，且$x$成立", r"$\epsilon $-差分隐私，且[x]成立"),
        ("$5 for $x$", "$5 for [x]"),
        ("$5-$10 for $x$", "$5-$10 for [x]"),
    ],
)
def test_a_dollar_sign_belongs_to_its_own_formula(text: str, shown: str) -> None:
    """Whatever follows it; what stands between two formulas is text."""
    assert _shown(text) == shown


def test_a_displayed_formula_has_a_line_of_its_own_where_there_is_room() -> None:
    """In double dollar signs or square brackets, not in others."""
    assert [with_formulas(text, display=True) for text in ("$$x$$", r"\[x\]", "$x$", r"\(x\)")] == [
        '<math display="block"><mi>x</mi></math>'
    ] * 2 + ["<math><mi>x</mi></math>"] * 2


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "$5-$10",
        "$5/$10",
        "$1,000–$2,000",
        "US$5, CA$10",
        "$3$3",
        "$x$$5 y",
        "$x（y）$",
        "an open $x",
        r"$\unknown x$",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\frac{1}{$",
        r"$\hspace{x}$",
        r"$\boxed{x}$",
        r"$\textbf{" * 40,
        "$" + "x" * 1_001 + "$",
        "$$$$",
        "$ $",
        "",
    ],
)
def test_what_is_no_formula_stays(text: str) -> None:
    """Money, what cannot be read, what leads elsewhere, what is too deep or too long."""
    assert with_formulas(text) == text


def test_a_formula_that_nests_too_deep_stays() -> None:
    """A browser gives up the structure of a page that is too deep; fractions in fractions end well before."""
    nested, fine = ("$" + r"\frac{1}{" * depth + "x" + "}" * depth + "$" for depth in (40, 5))
    assert with_formulas(nested) == nested
    assert with_formulas(fine).count("<mfrac>") == 5


def test_a_formula_takes_no_more_room_than_writing_does() -> None:
    """Widths beyond that are dropped, styles are; the letters are shown."""
    for tex in (r"a\kern9999em b", r"a\hspace{9999em}b", r"a\color{red}b", r"a\quad b"):
        made = with_formulas(f"${tex}$")
        assert "9999" not in made
        assert "style" not in made
        assert re.sub(r"<[^>]*>", "", made) == "ab" or made == f"${tex}$"


TEX = st.lists(
    st.sampled_from(
        [
            *"{}[]()&^_'\"<>$%#~ x1中",
            *(r"\frac", r"\sqrt", r"\text{<script>}", r"\left(", r"\right)", r"\begin{matrix}", r"\end{matrix}", r"\\"),
            *(
                r"\color{red}",
                r"\href{javascript:x}{y}",
                r"\textbf",
                r"\mathbb{R}",
                r"\hat",
                r"\sum",
                r"\label{a}",
                r"\tag{b}",
            ),
            *(r"\def\a{\a}", r"\newcommand", r"\kern99em", r"\hfill", "$", "$$", r"\(", r"\)", "&lt;", "]]>", "-->"),
        ]
    )
    | st.characters(codec="utf-8", exclude_categories=["Cc"]),
    max_size=20,
).map("".join)


@settings(max_examples=400, deadline=None)
@given(TEX, st.sampled_from(["{}", "${}$", "{}$x${}"]))
def test_nothing_but_what_is_listed_comes_out(text: str, place: str) -> None:
    """Any text gives well-formed HTML of listed elements and attributes, which nothing in the text can leave."""
    made = with_formulas(place.replace("{}", text))
    (paragraph,) = parser.fragments_fromstring(f"<p>{made}</p>")
    inner = list(paragraph.iterdescendants())
    assert {element.tag for element in inner} <= _ELEMENTS
    assert {name for element in inner for name in element.attrib} <= _ATTRIBUTES
    if not inner:
        assert parser.tostring(paragraph, encoding="unicode").count("<") == 2


@pytest.mark.parametrize(
    "part", ["$", "$x", r"\(", r"\[a", "{", r"\\", r"$\sqrt{", "$a$", r"\($", r"$\left(", "$x$$", "$x$$y", "$1", "$中"]
)
def test_a_long_text_takes_time_in_proportion(part: str) -> None:
    """Ten thousand characters of delimiters, open ends or nesting come to an end, and lose nothing."""
    text = part * (10_000 // len(part))
    shown = re.sub(r"<[^>]*>", "", with_formulas(text))
    assert shown.replace("$", "") == text.replace("$", "")
