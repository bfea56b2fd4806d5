// Search: the index of each month of ids is cut into files by how terms begin, and a query loads only those that it names.
// It is no module, for a page that is opened as a file may load none, and could not even say so.
"use strict";
(() => {
  const here = document.currentScript.src;
  const form = document.querySelector("#search");
  const list = document.querySelector(".found");
  const status = document.querySelector("[role=status]");
  const more = document.querySelector("[name=more]");
  const PAGE = 20;
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
  const postings = (month, term) => load(`_search/${month.name}/${fileOf(term, month.files)}.json`, "json");
  const places = (distances) => {
    let at = 0;
    return distances.map((distance) => (at += distance));
  };
  const beginning = async (month, start) => {
    const found = new Set();
    for (const [term, distances] of Object.entries(await postings(month, start))) {
      if (term.startsWith(start)) for (const at of places(distances)) found.add(at);
    }
    return found;
  };
  const having = async (month, term) => new Set(places((await postings(month, term))[term] ?? []));
  // A word is found by its beginning, so that the singular finds the plural; here the plural finds the singular.
  const singular = (word) => (/^[a-z]{3,}[^siu\W]s$/.test(word) ? word.slice(0, -1) : word);
  const papersWith = async (month, run) => {
    if (!IS_HAN.test(run)) return beginning(month, singular(run.slice(0, MOST_LETTERS)));
    const letters = [...run];
    if (letters.length === 1) return beginning(month, run);
    const pairs = letters.slice(1).map((letter, at) => letters[at] + letter);
    let both = await having(month, pairs[0]);
    // Most months lack a rare word, and most of these lack its first pair: then the others need not be loaded.
    for (const pair of pairs.slice(1)) {
      if (!both.size) break;
      const has = await having(month, pair);
      both = new Set([...both].filter((at) => has.has(at)));
    }
    return both;
  };

  // A paper that has more of the runs comes first, then the newer one: months and places in them go from new to old.
  const ranked = async (wanted) => {
    const found = await Promise.all(
      months.map(async (month) => {
        const has = new Map();
        const sets = await Promise.all(wanted.map((run) => papersWith(month, run)));
        sets.forEach((set, number) => set.forEach((at) => has.set(at, [...(has.get(at) ?? []), wanted[number]])));
        return [...has].sort(([one], [other]) => one - other).map(([at, parts]) => ({ month, at, parts }));
      }),
    );
    return found.flat().sort((one, other) => other.parts.length - one.parts.length);
  };
  // Where no paper has all of a query, the words of its Chinese phrases count one by one.
  const words = (run) => {
    if (!IS_HAN.test(run)) return [run];
    const parts = [...new Intl.Segmenter("zh", { granularity: "word" }).segment(run)].map((part) => part.segment);
    const long = parts.filter((part) => [...part].length > 1);
    return long.length ? long : [run];
  };
  async function* rankings(query) {
    const whole = runs(query);
    const found = await ranked(whole);
    if (found[0]?.parts.length === whole.length) yield found;
    yield await ranked([...new Set(whole.flatMap(words))]);
  }

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
      let items;
      do {
        // The next ranking is for a query of which the texts have shown that nothing has it.
        if (!search.found.length && !list.children.length) search.found = (await search.rankings.next()).value;
        if (!search.found?.length) break;
        items = (await Promise.all(search.found.splice(0, PAGE).map(item))).filter(Boolean);
        if (search !== current) return;
        list.append(...items);
      } while (!items.length);
      const count = list.children.length;
      more.hidden = !search.found?.length;
      if (search.found?.length) say(form.dataset.some, { count });
      else say(count ? form.dataset.all : form.dataset.none, { count });
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
    current = { rankings: rankings(query), found: [] };
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
