"""Real responses of arXiv: each is read whole or refused, as its kind asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import DigestError, FetchError, InputError
from pipeline.fetch import read_file
from tests.fetch.samples import gather

DAY_24, DAY_25 = "2024-11-28", "2025-04-28"


@pytest.mark.parametrize(
    ("name", "count", "day"),
    [
        ("api_2026-04-12_query_testing_start0_n100.atom.xml", 100, None),
        ("api_2026-04-12_query_testing_n10_page1.atom.xml", 10, None),
        ("api_2026-04-12_query_testing_n10_page2.atom.xml", 10, None),
        ("api_2026-04-12_query_testing_n10_page3.atom.xml", 10, None),
        ("api_2026-04-12_empty_id_0000.0000.atom.xml", 0, None),
        ("api_2026-04-12_idlist_two_asked_one_returned.atom.xml", 1, None),
        ("api_2026-05-11_oldid_astro-ph_0601001_affiliations.atom.xml", 1, None),
        ("api_2026-04-12_oldid_quant-ph_0201082v1.atom.xml", 1, None),
        ("api_2026-04-30_cat_cs.LG_cs.AI_newest20.atom.xml", 20, None),
        ("api_2026-05-13_cat_cs.AI_cs.LG_cs.CL_newest25.atom.xml", 25, None),
        ("api_2026-08-07_query_glacier_n2.atom.xml", 2, None),
        ("api_legacy_2017-05-14_deep_dream_start0_n10.atom.xml", 10, None),
        ("api_legacy_2018-02-05_query_einstein_n10.atom.xml", 10, None),
        ("api_legacy_2025-10-17_cat_cs.RO_n2.atom.xml", 2, None),
        ("rss_2024-11-28_all_archives_1504items.rss.xml", 1504, DAY_24),
        ("rss_2025-04-28_quant-ph_81items.rss.xml", 81, DAY_25),
        ("rss_2025-04-27_cs_sunday_empty.rss.xml", 0, "2025-04-27"),
        ("rss_2024-11-28_test_archive_empty.rss.xml", 0, DAY_24),
        ("rssatom_2025-08-20_cs.AI_excerpt7.atom.xml", 7, "2025-08-20"),
        ("rss_2026-04-27_cs.AI_excerpt3_reserialised.rss.xml", 3, "2026-04-27"),
    ],
)
def test_every_paper_of_a_response_is_read(captures: Path, name: str, count: int, day: str | None) -> None:
    """None is missing, none is there twice, and no feed header is left."""
    page = gather(read_file(captures / name, announce=None, limit=None))
    assert (len({paper.id for paper in page.papers}), page.source.date) == (count, day)
    assert (page.source.announced, page.source.fetched, page.source.missing) == (count, count, 0)
    assert not [paper for paper in page.papers if "Announce Type" in paper.abstract or not paper.version]


@pytest.mark.parametrize(
    ("name", "kinds", "count"),
    [
        ("rss_2024-11-28_all_archives_1504items.rss.xml", {"new"}, 926),
        ("rss_2024-11-28_all_archives_1504items.rss.xml", {"cross", "replace-cross"}, 9),
        ("rss_2025-04-28_quant-ph_81items.rss.xml", {"new", "cross"}, 50),
        ("rssatom_2025-08-20_cs.AI_excerpt7.atom.xml", {"cross"}, 5),
    ],
)
def test_every_announce_type_is_told(captures: Path, name: str, kinds: set[str], count: int) -> None:
    """As many as the feed holds."""
    page = gather(read_file(captures / name, announce=frozenset(kinds), limit=None))
    assert (len(page.papers), page.source.announced) == (count, count)


@pytest.mark.parametrize(
    ("name", "error", "said"),
    [
        ("api_2026-04-12_error_incorrect_id_format_http400.atom.xml", FetchError, "incorrect id format for abc"),
        (
            "rss_2024-11-28_error_bad_archive_astroph.rss.xml",
            FetchError,
            "Bad archive 'astroph'. Valid archive names are",
        ),
        ("oai_2016-03-09_ListRecords_cs_last_page.xml", InputError, "a harvest by OAI-PMH"),
        ("derived_announcements_cs.CV/2026-04-24.json", InputError, "a JSON document over several lines"),
        ("derived_announcements_cs.CV/2026-04-25.json", InputError, "a JSON document over several lines"),
    ],
)
def test_what_holds_no_papers_is_refused(captures: Path, name: str, error: type[DigestError], said: str) -> None:
    """With arXiv's own words or the name of what it is."""
    with pytest.raises(error, match=said):
        read_file(captures / name, announce=None, limit=None)
