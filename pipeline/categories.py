"""arXiv's categories, as https://arxiv.org/category_taxonomy lists them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SUBJECTS = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE NI OH OS PF PL RO SC "
    "SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "gr-qc": "",
    "hep-ex": "",
    "hep-lat": "",
    "hep-ph": "",
    "hep-th": "",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA RT SG SP ST",
    "math-ph": "",
    "nlin": "AO CD CG PS SI",
    "nucl-ex": "",
    "nucl-th": "",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph flu-dyn gen-ph "
    "geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "quant-ph": "",
    "stat": "AP CO ME ML OT TH",
}
"""Subjects of each archive; papers carry both names of an alias pair (``cs.SY`` and ``eess.SY``), so both are here."""

_PAIRS = (
    ("cs.IT", "math.IT"),
    ("cs.NA", "math.NA"),
    ("cs.SY", "eess.SY"),
    ("econ.GN", "q-fin.EC"),
    ("math-ph", "math.MP"),
    ("math.ST", "stat.TH"),
)
ALIASES = {**dict(_PAIRS), **{other: one for one, other in _PAIRS}}
"""The other name of each category that has two: https://arxiv.org/category_taxonomy."""

ARCHIVES = tuple(_SUBJECTS)
"""Names of the archives, in alphabetical order."""

_CATEGORIES = frozenset(ARCHIVES).union(
    f"{archive}.{subject}" for archive, subjects in _SUBJECTS.items() for subject in subjects.split()
)
_BY_LOWER_CASE = {category.lower(): category for category in sorted(_CATEGORIES)}


def is_category(text: str) -> bool:
    """Return whether ``text`` is a category (``cs.AI``) or an archive (``econ``, ``quant-ph``), in arXiv's own case."""
    return text in _CATEGORIES


def in_own_case(text: str) -> str:
    """Return a category or archive as arXiv writes it, whatever its case here; any other text as it is."""
    return text if text in _CATEGORIES else _BY_LOWER_CASE.get(text.lower(), text)


def has_subjects(archive: str) -> bool:
    """Return whether ``archive`` is an archive that is divided into categories."""
    return bool(_SUBJECTS.get(archive))


def covers(wanted: Iterable[str], category: str) -> bool:
    """Return whether ``category``, by either of its names, is one of ``wanted`` or lies in an archive of them."""
    names = {category, ALIASES.get(category, category)}
    names |= {archive for name in names if has_subjects(archive := name.partition(".")[0])}
    return not names.isdisjoint(wanted)


def explain(text: str) -> str:
    """Return one sentence on a ``text`` that is not a category: what it may mean, else the archives."""
    near = [_BY_LOWER_CASE[match] for match in get_close_matches(text.lower(), _BY_LOWER_CASE, n=3)]
    guess = f"; did you mean {' or '.join(near)}?" if near else f"; the archives are {', '.join(ARCHIVES)}."
    return f"{text[:80]!r} is not an arXiv category{guess}"
