"""What the page says of its own, by language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.records import DEFAULT_LANGUAGE


@dataclass(frozen=True, slots=True)
class Language:
    """The fixed texts of a page in one language; plain text, nothing in them is markup."""

    code: str
    """Language tag (BCP 47) of these texts and of what the models wrote."""
    headings: Mapping[str, str]
    """Titles of the sections: ``summary``, ``details``, ``failures``, ``foot``."""
    columns: Mapping[str, tuple[str, ...]]
    """Heads of the tables: ``summary``, ``failures``, ``missing``, ``months``."""
    reasons: Mapping[str, str]
    """The failure vocabulary, for readers."""
    missing: Mapping[str, str]
    """Why papers are missing, by patterns of what the fetch stage says; the first that fits; "" is for the rest."""
    unnamed: Mapping[str, str]
    """What stands for the id of missing papers that have none, by patterns of how they are counted."""
    notes: Mapping[str, str]
    """Remarks at the foot, with the names of their figures in braces."""
    phrases: Mapping[str, str]
    """What a feed or a message says: ``feed``, ``day``, ``failed``, ``incomplete`` and its parts ``lack_…``,
    ``limited``, ``more``, ``page``, ``doubtful`` and the parts of its details."""
    marks: Mapping[str, str]
    """What is said beside a title: ``version``, ``new_version``, ``withdrawn``; and before a link, ``earlier``."""
    checks: Mapping[str, str]
    """Why a text is doubtful, by the check that found it."""
    fields: Mapping[str, str]
    """Names of a summary's texts."""
    marked: str
    """Around the marks of a title."""
    because: str
    """A reason and its detail, joined."""
    counts: str
    """How many papers were announced, fetched, missing and are on the page."""
    counts_unannounced: str
    """The same where nobody said how many there should be."""
    prompts: str
    models: str
    joint: str
    """Between the parts of one line."""
    comma: str
    """Between the members of a list."""
    announced: Mapping[str, str]
    """How arXiv announced a paper, for readers."""
    labels: Mapping[str, str]
    """Names of what an HTML page can be asked for."""
    keys: tuple[tuple[str, str], ...]
    """Keys that an HTML page obeys, and what each does."""
    site: Mapping[str, str]
    """What the pages of the site say besides."""


LANGUAGES: Mapping[str, Language] = {
    "zh": Language(
        code="zh-CN",
        headings={"summary": "摘要", "details": "详细", "failures": "没有摘要的论文", "foot": "说明"},
        columns={
            "summary": ("Ref", "Title", "Summary"),
            "failures": ("论文", "原因"),
            "missing": ("缺少的论文", "原因"),
            "months": ("月份", "期数", "论文", "没有摘要", "缺少", "费用（美元）"),
        },
        reasons={
            "missing_field": "模型的回复缺少字段",
            "wrong_language": "模型的回复不是中文",
            "unrelated": "模型的回复与这篇论文不符",
            "added_text": "模型的回复夹有原文没有的内容",
            "garbled": "模型的回复有乱码或重复",
            "empty_line": "模型写的要点没有内容",
            "prompt_echo": "模型的回复重复了提示词",
            "header_leak": "模型的回复混入了 arXiv 的公告抬头或标题附注",
            "several_lines": "模型把只应有一行的内容写成了多行",
            "too_long": "模型写的一句话摘要过长",
            "same_reply": "模型对不同的论文给出了同一段译文",
            "incomplete": "译文太短，不可能是完整的摘要",
            "not_json": "模型的回复不是有效的 JSON",
            "truncated": "模型的回复中途被截断",
            "refused": "模型拒绝回答",
            "timeout": "模型没有在时限内回答",
            "unavailable": "模型服务不可用",
            "rate_limited": "模型服务限制了请求频率",
            "rejected": "模型服务拒绝了请求",
            "not_cached": "缓存里没有这篇论文，而本次运行只用缓存",
            "no_reply": "回复文件里没有这篇论文",
            "stopped": "运行提前停止，还没有轮到这篇论文",
            "budget": "预算用完，还没有轮到这篇论文",
        },
        missing={
            "arXiv has no such paper": "arXiv 没有这篇论文",
            "arXiv counts them .*": "arXiv 计入了结果，却没有给出",
            "(.* )?arXiv refused: .*": "arXiv 拒绝了请求",
            "the input's last line counts them .*": "输入的结束行计入了，却没有任何一行给出",
            "not UTF-8 text": "这一行不是 UTF-8 文本",
            "broken JSON": "这一行的 JSON 有错误",
            "no JSON object": "这一行不是 JSON 对象",
            "(.*; )?title: (missing|must not be empty)(; .*)?": "记录里没有标题",
            "(.*; )?abstract: (missing|must not be empty)(; .*)?": "记录里没有摘要",
            "": "没有取到，详情见运行报告",
        },
        unnamed={r"(\d+) more": "另有 {} 篇", r"line (\d+)": "第 {} 行", r"item (\d+)": "第 {} 条"},
        notes={
            "sample": "本页的论文和回复都是为示例编写的，没有询问任何模型。",
            "replay": "本页的回复来自回放文件，没有询问任何模型。",
            "input_cut": "输入的论文流没有结束行就断了，本页可能缺少论文。",
            "limited": "本次运行限定了篇数：共有 {total} 篇，只取了 {count} 篇。",
            "stopped": "本次运行提前停止，原因见运行报告。",
            "budget": "预算用完，本次运行到此为止。",
            "source_failed": "arXiv 给出 {count} 篇论文后不再应答。",
            "follows_submission": "本页按提交日期选取论文，与 arXiv 当天公告的名单可能不同，也不含替换的版本。",
            "from_feed": "{count} 篇论文在 arXiv 的查询接口里还没有记录，取自公告源本身：{ids}",
            "full_feed": "公告源有 {count} 条，已到 arXiv 的上限，编号最小的新论文可能没有列出。",
            "api_failed": "arXiv 的查询接口没有给出记录，其余论文取自公告源本身。",
            "stale_feed": "公告源仍是 {day} 的内容，全部论文那天已经登过；当天的公告还没有取到，请稍后再运行一次。",
            "not_yet": "运行时 arXiv 还没有发布 {day} 的公告，公告源仍是 {feed} 的内容。",
            "unknown_holidays": "本程序还不知道 arXiv {year} 年哪些节假日不发布公告，节假日前后的论文可能与公告不符。",
            "no_report": "这一期的运行记录读不到，是否缺少论文、当时有什么说明，无从得知。",
            "repeated": "{count} 篇论文已登在其他日期的页上，不再列出：{ids}",
        },
        phrases={
            "feed": "arXiv 摘要：{name}",
            "day": "{name} {date}：{count} 篇",
            "failed": "没有摘要：{reason}",
            "incomplete": "本期不完整：{lacks}。",
            "lack_failed": "{count} 篇没有摘要",
            "lack_missing": "{count} 篇缺失",
            "lack_uncounted": "可能缺少论文",
            "limited": "本期限定了篇数：共有 {total} 篇，只取了 {count} 篇。",
            "more": "还有 {count} 篇没有列在这里。",
            "page": "全文：{url}",
            "doubtful": "待核",
            "doubts": "待核：{doubts}",
            "sentence": "第 {number} 句",
            "quoted": "{reason}“{quote}”",
        },
        marks={
            "version": "第 {version} 版",
            "new_version": "新版本",
            "withdrawn": "已撤稿",
            "earlier": "上一次登载：",
        },
        checks={
            "aligned": "未逐句对应",
            "traditional": "夹有繁体字",
            "regional": "用词待核",
            "half_translated": "部分未译",
            "unfinished": "句子不完整",
            "number": "数字待核",
            "brackets": "括号里有漏译",
            "formula": "公式待核",
            "link": "网址待核",
            "name_lost": "名称待核",
            "name_added": "名称待核",
            "term": "术语待核",
            "length": "详略待核",
            "clause": "有内容漏译",
            "foreign_sentence": "译文与原句不符",
            "added_sentence": "有原文没有的句子",
            "dropped_sentence": "有句子漏译",
            "negation": "否定待核",
            "turned": "意思待核",
            "title_short": "题目不全",
            "title_english": "题目未译",
            "title_unlike": "题目与原文不符",
            "line_unlike": "要点与原文不符",
            "line_repeated": "要点与摘要重复",
        },
        fields={"translated_title": "题目", "tldr": "要点", "tldr_en": "英文要点", "translated_abstract": "摘要"},
        marked="（{marks}）",
        because="{reason}：{detail}",
        counts="公告 {announced} 篇，取得 {fetched} 篇，缺少 {missing} 篇。本页 {shown} 篇。",
        counts_unannounced="取得 {fetched} 篇，缺少 {missing} 篇。本页 {shown} 篇。",
        prompts="提示词：{names}",
        models="模型：{names}",
        joint="；",
        comma="、",
        announced={"new": "新论文", "cross": "交叉", "replace": "更新", "replace-cross": "交叉更新"},
        labels={
            "papers": "{count} 篇论文",
            "failed": "{count} 篇没有摘要",
            "missing": "缺少 {count} 篇",
            "limited": "只取 {count} / {total} 篇",
            "tools": "查找与显示",
            "words": "查找：标题、摘要、作者",
            "chips": "筛选",
            "unread": "未读",
            "starred": "星标",
            "fresh": "上次之后新到",
            "every": "全部分类",
            "language": "显示语言",
            "zh": "中文",
            "both": "双语",
            "en": "英文",
            "dark": "深色",
            "help": "快捷键",
            "close": "关闭",
            "read": "已读",
            "star": "星标",
            "shown": "显示 {shown} / {count} 篇",
            "progress": "已读 {read} / {count}",
            "top": "回到顶部",
            "none": "没有符合条件的论文。",
            "clear": "清除筛选",
            "journal": "发表于 {journal}",
            "project": "项目主页",
            "code": "代码",
        },
        keys=(
            ("j", "下一篇"),
            ("k", "上一篇"),
            ("o", "展开或收起"),
            ("s", "加上或去掉星标"),
            ("m", "标为已读或未读"),
            ("u", "只看未读"),
            ("l", "切换显示语言"),
            ("/", "查找"),
            ("Esc", "离开查找"),
            ("?", "快捷键"),
        ),
        site={
            "site": "arXiv 摘要",
            "pages": "站点",
            "skip": "跳到正文",
            "search": "搜索",
            "statistics": "统计",
            "newest": "最新一期",
            "all_days": "往期",
            "earlier": "上一期",
            "later": "下一期",
            "own_page": "单篇页面",
            "feed": "订阅",
            "archive": "{name} 往期",
            "month": "{name} {month}",
            "days": "{count} 期",
            "rest": "另有 {count} 篇",
            "incomplete": "不完整",
            "seen": "收录于",
            "version": "第 {version} 版",
            "other": "其他译文和版本",
            "words": "中文或英文，例如：扩散模型 video",
            "find": "查找",
            "how": "在 {papers} 篇论文的标题、作者和摘要里查找，含检索词多的在前，其次是新近的；输入论文编号可直达。",
            "finding": "正在查找……",
            "none": "没有找到。换一个词，或者少写几个词。",
            "partly": "没有完全匹配的论文，以下论文含其中部分词语。",
            "some": "前 {count} 篇，还有更多",
            "all": "共 {count} 篇",
            "more": "更多",
            "no_paper": "本站没有 arXiv:{id} 这一篇。",
            "no_script": "查找需要 JavaScript；不用它，可以从往期里逐期阅读。",
            "no_server": "查找没有成功：检索数据读不到。直接打开的文件不能查找，请通过网页服务器访问。",
            "totals": "{digests} 种摘要，{days} 期，{papers} 篇论文，{first} 至 {last}",
            "papers_day": "每天的论文",
            "papers_week": "每周的论文",
            "papers_month": "每月的论文",
            "failed_day": "每天没有摘要或缺少的论文",
            "failed_week": "每周没有摘要或缺少的论文",
            "failed_month": "每月没有摘要或缺少的论文",
            "cost_day": "每天的费用（美元）",
            "cost_week": "每周的费用（美元）",
            "cost_month": "每月的费用（美元）",
            "cost_unknown": "其中 {count} 期的费用未知，没有计入。",
            "categories": "主分类的占比",
            "others": "其他",
            "uncategorized": "未注明分类",
            "plot": "{title}：{first} 至 {last}，共 {total}，最多 {most}（{when}）",
            "by_month": "逐月数据",
        },
    ),
}


def words_of(language: str) -> Language:
    """Return the fixed texts of a language; for one that this version lacks, those of the default."""
    return LANGUAGES.get(language, LANGUAGES[DEFAULT_LANGUAGE])
