// Search: one index says which months have a term, an index of each month of ids which papers. Both are cut into files by how
// terms begin, and a query loads only those that it names, of the newest months first, until it has what a page shows.
// It is no module, for a page that is opened as a file may load none, and could not even say so.
"use strict";
(() => {
  const here = document.currentScript.src;
  const form = document.querySelector("#search");
  const list = document.querySelector(".found");
  const status = document.querySelector("[role=status]");
  const more = document.querySelector("[name=more]");
  const PAGE = 20;
  const AT_ONCE = 4; // Months.
  const MOST_LETTERS = 32;
  const HAN = "々〇\\u3400-\\u4dbf\\u4e00-\\u9fff\\u{20000}-\\u{3ffff}";
  const RUN = new RegExp(`[${HAN}]+|(?:(?![${HAN}])[\\p{L}\\p{N}])+`, "gu");
  const IS_HAN = new RegExp(`^[${HAN}]`, "u");
  const ID =
    /^(?:(?:oai:)?arxiv(?:\.org)?:|https?:\/\/(?:export\.|www\.)?arxiv\.org\/(?:abs|pdf|html)\/)?(?:(\d{4}\.\d{4,5})|([a-z-]+)(?:\.[a-z]{2})?\/(\d{7}))(?:v\d+)?(?:\.pdf)?$/i;
  const months = form.dataset.months
    .split(" ")
    .filter(Boolean)
    .map((month) => month.split(":"))
    .map(([name, files]) => ({ name, files: Number(files) }));

  const kept = new Map();
  const load = (place, read) => {
    if (!kept.has(place)) {
      const answer = fetch(new URL(`../${place}`, here)).then((got) => (got.ok ? got[read]() : Promise.reject(got.status)));
      kept.set(place, answer);
    }
    return kept.get(place);
  };

  // Terms are those of the program's own index: words, and pairs of Chinese characters.
  const folded = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const runs = (text) => [...new Set(folded(text).match(RUN) ?? [])];
  const fileOf = (term, count) => {
    const letters = [...term].slice(0, IS_HAN.test(term) ? 1 : 2);
    return letters.reduce((sum, letter, at) => sum + letter.codePointAt(0) * 31 ** at, 0) % count;
  };
  // An index is a folder and the number of its files; its postings are months, oldest first, or papers, newest first.
  const ofMonths = { name: "terms", files: Number(form.dataset.terms) };
  const postings = (index, term) => load(`_search/${index.name}/${fileOf(term, index.files)}.json`, "json");
  const places = (distances) => {
    let at = 0;
    return distances.map((distance) => (at += distance));
  };
  const beginning = async (index, start) => {
    const found = new Set();
    for (const [term, distances] of Object.entries(await postings(index, start))) {
      if (term.startsWith(start)) for (const at of places(distances)) found.add(at);
    }
    return found;
  };
  const having = async (index, term) => new Set(places((await postings(index, term))[term] ?? []));
  // A word is found by its beginning, so that the singular finds the plural; here the plural finds the singular.
  const singular = (word) => (/^[a-z]{3,}[^siu\W]s$/.test(word) ? word.slice(0, -1) : word);
  const within = (one, other) => new Set([...one].filter((at) => other.has(at)));
  const holding = async (index, run) => {
    const letters = [...run];
    if (!IS_HAN.test(run)) return beginning(index, singular(run.slice(0, MOST_LETTERS)));
    if (letters.length === 1) return beginning(index, run);
    const pairs = letters.slice(1).map((letter, at) => letters[at] + letter);
    return (await Promise.all(pairs.map((pair) => having(index, pair)))).reduce(within);
  };

  // Which papers of a month have which of the runs that the month has, the newest first.
  const papersOf = async (month, held) => {
    const has = new Map();
    const sets = await Promise.all(held.map((run) => holding(month, run)));
    sets.forEach((set, number) => set.forEach((at) => has.set(at, [...(has.get(at) ?? []), held[number]])));
    return [...has].sort(([one], [other]) => one - other).map(([at, parts]) => ({ month, at, parts }));
  };
  // A paper that has more of the runs comes first, then the newer one. What a month has is asked for once.
  async function* ranked(wanted) {
    const sets = await Promise.all(wanted.map((run) => holding(ofMonths, run)));
    const held = months.map((_, at) => wanted.filter((__, number) => sets[number].has(months.length - 1 - at)));
    const papers = new Map();
    const papersAt = (at) => {
      if (!papers.has(at)) papers.set(at, papersOf(months[at], held[at]));
      return papers.get(at);
    };
    for (let parts = wanted.length; parts > 0; parts -= 1) {
      const those = [...months.keys()].filter((at) => held[at].length >= parts);
      while (those.length) {
        const found = await Promise.all(those.splice(0, AT_ONCE).map(papersAt));
        yield* found.flat().filter((paper) => paper.parts.length === parts);
      }
    }
  }
  // Where no paper has all of a query, the words of its Chinese phrases count one by one.
  const words = (run) => {
    if (!IS_HAN.test(run)) return [run];
    const parts = [...new Intl.Segmenter("zh", { granularity: "word" }).segment(run)].map((part) => part.segment);
    const long = parts.filter((part) => [...part].length > 1);
    return long.length ? long : [run];
  };
  async function* rankings(query) {
    const whole = runs(query);
    const all = ranked(whole);
    const first = (await all.next()).value;
    if (first?.parts.length === whole.length) yield { all, ahead: [first] };
    yield { all: ranked([...new Set(whole.flatMap(words))]), ahead: [], some: true };
  }
  // Take a page of papers off a ranking, and leave one more there if there is one.
  const take = async (ranking) => {
    while (ranking.ahead.length <= PAGE) {
      const { done, value } = await ranking.all.next();
      if (done) break;
      ranking.ahead.push(value);
    }
    return ranking.ahead.splice(0, PAGE);
  };

  const make = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  };
  const pattern = (parts) => {
    const literal = (part) => singular(part).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    return new RegExp(`(${parts.map(literal).join("|")})`, "giu");
  };
  const marked = (made, text, wanted) => {
    made.append(...text.split(wanted).map((part, number) => (number % 2 ? make("mark", "", part) : part)));
    return made;
  };
  // Around the first place that has a part of the query; in Chinese less tells more.
  const excerpt = (page, wanted) => {
    const texts = [...page.querySelectorAll(".paper p:not([class])")].map((paragraph) => paragraph.textContent);
    const text = texts.find((each) => each.search(wanted) >= 0) ?? "";
    const at = text.search(wanted);
    const begin = Math.max(0, at - 30);
    const end = at + (IS_HAN.test(text.slice(at)) ? 90 : 180);
    const shown = `${begin ? "…" : ""}${text.slice(begin, end)}${end < text.length ? "…" : ""}`;
    return marked(make("p", "excerpt", ""), shown, wanted);
  };
  // Pairs that are there may be so apart from each other: then the text decides.
  const isThere = (page, parts) => {
    const text = folded(page.querySelector(".paper").textContent);
    return parts.every((part) => !IS_HAN.test(part) || text.includes(part));
  };
  const item = async ({ month, at, parts }) => {
    const id = (await load(`_search/${month.name}/papers.json`, "json"))[at];
    const place = `_papers/${month.name}/${id.replace("/", "-")}.html`;
    const page = new DOMParser().parseFromString(await load(place, "text"), "text/html");
    if (!isThere(page, parts)) return undefined;
    const text = (selector) => page.querySelector(selector)?.textContent.replace(/\s+/g, " ").trim() ?? "";
    const made = document.createElement("li");
    const wanted = pattern(parts);
    const link = marked(make("a", "", ""), text("h1"), wanted);
    link.href = new URL(`../${place}`, here);
    const title = make("h2", "", "");
    title.append(link);
    const english = marked(make("cite", "", ""), text(".english"), wanted);
    english.lang = "en";
    const by = make("p", "by", "");
    by.append(english, " ", make("span", "", text(".seen a")));
    made.append(title, marked(make("p", "", ""), text(".line"), wanted), excerpt(page, wanted), by);
    for (const each of made.children) each.dir = "auto";
    return made;
  };

  let current;
  const say = (text, values) => {
    status.textContent = text.replace(/\{(\w+)\}/g, (all, name) => values?.[name] ?? all);
  };
  const attempt = async (search, work) => {
    say(form.dataset.finding);
    try {
      await work();
    } catch {
      kept.clear();
      if (search === current) say(form.dataset.failed);
    }
  };
  const next = (search) =>
    attempt(search, async () => {
      more.hidden = true;
      let items = [];
      while (!items.length) {
        // The next ranking is for a query of which the texts have shown that nothing has it.
        if (!search.ranking?.ahead.length && !list.children.length) search.ranking = (await search.rankings.next()).value;
        const taken = search.ranking ? await take(search.ranking) : [];
        if (!taken.length && (list.children.length || !search.ranking)) break;
        items = (await Promise.all(taken.map(item))).filter(Boolean);
        if (search !== current) return;
        list.append(...items);
      }
      const count = list.children.length;
      const goesOn = Boolean(search.ranking?.ahead.length);
      more.hidden = !goesOn;
      const said = goesOn ? form.dataset.some : count ? form.dataset.all : form.dataset.none;
      say(search.ranking?.some ? form.dataset.partly + said : said, { count });
    });
  // The place of a paper follows from its id, so that none need be looked up.
  const visit = (search, [, id, archive, number]) =>
    attempt(search, async () => {
      const name = id ?? `${archive.toLowerCase()}-${number}`;
      const page = new URL(`../_papers/${(id ?? number).slice(0, 4)}/${name}.html`, here);
      const { ok } = await fetch(page, { method: "HEAD" });
      if (search !== current) return;
      if (ok) location.replace(page);
      else say(form.dataset.absent, { id: id ?? `${archive}/${number}` });
    });
  const search = () => {
    const query = form.elements.q.value.trim();
    const address = new URL(location.href);
    if (query) address.searchParams.set("q", query);
    else address.searchParams.delete("q");
    if (address.href !== location.href) history.replaceState(null, "", address);
    list.replaceChildren();
    more.hidden = true;
    say("");
    current = { rankings: rankings(query) };
    const id = ID.exec(query);
    if (id) visit(current, id);
    else if (query) next(current);
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  more.addEventListener("click", () => next(current));
  form.elements.q.value = new URL(location.href).searchParams.get("q") ?? "";
  form.elements.q.focus();
  if (form.elements.q.value) search();
})();
