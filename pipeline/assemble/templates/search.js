// Full-text search: an index a month, asked one after the other, newest first, until a page of results is full.
// It is no module, for a page that is opened as a file may load none, and could not even say so.
"use strict";
(() => {
  const here = document.currentScript.src;
  const form = document.querySelector("#search");
  const list = document.querySelector(".found");
  const status = document.querySelector("[role=status]");
  const more = document.querySelector("[name=more]");
  const PAGE = 20;
  // Of texts: those that are loaded at once, and those that are looked through for a page of results at most.
  const BATCH = 10;
  const MOST = 400;
  const HAN = /^\p{Script=Han}+$/u;
  const months = form.dataset.months.split(" ").filter(Boolean);
  const place = (month) => new URL(`../_search/${month}/`, here);

  const opened = new Map();
  const open = async (month) => {
    const { createInstance } = await import(`${place(months[0])}pagefind.js`);
    const index = createInstance({ basePath: place(month).pathname });
    await index.init();
    return index;
  };
  const indexOf = (month) => {
    if (!opened.has(month)) opened.set(month, open(month));
    return opened.get(month);
  };

  // Where a Chinese word ends the browser and the index do not always agree. So the index is asked for what each run of Chinese
  // begins with, for it finds words by their beginnings; the text of what it gives is then held against the whole query.
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const segments = (words) => [...new Intl.Segmenter("zh", { granularity: "word" }).segment(words)];
  const parts = (words) => segments(words).filter((part) => part.isWordLike);
  const asked = (words) =>
    words
      .replace(/[\p{P}\p{S}]+/gu, " ")
      .replace(/\p{Script=Han}+/gu, (run) => ` ${parts(run)[0]?.segment ?? run} `);
  // A single character is looked for together with what is beside it: alone it is nearly everywhere.
  const pieces = (words) => {
    const found = [];
    let last = "";
    for (const { segment, isWordLike } of segments(words)) {
      const isSplit = HAN.test(last) && HAN.test(segment) && (last.length === 1 || segment.length === 1);
      if (isWordLike) found.push(isSplit ? found.pop() + segment : segment);
      last = isWordLike ? found.at(-1) : "";
    }
    return found;
  };
  // Yields nothing, in place of a paper, for each that was read and has not all of the words.
  async function* inMonth(month, words) {
    const wanted = pieces(words).map(folded);
    const { results } = await (await indexOf(month)).search(asked(words));
    for (let at = 0; at < results.length; at += BATCH) {
      for (const data of await Promise.all(results.slice(at, at + BATCH).map((result) => result.data()))) {
        const content = folded(data.content);
        yield wanted.every((piece) => content.includes(piece)) ? { month, data } : undefined;
      }
    }
  }
  const has = async (month, word) => {
    let read = 0;
    for await (const paper of inMonth(month, word)) {
      read += 1;
      if (paper || read === BATCH) return Boolean(paper);
    }
    return false;
  };
  // Where no paper has all of a query, the longer words that a month knows decide.
  const known = async (month, words) => {
    const kept = [];
    for (const { segment } of parts(words)) {
      if (segment.length > 1 && (await has(month, segment))) kept.push(segment);
    }
    return kept.join(" ");
  };
  async function* papers(words) {
    if (!parts(words).length) return;
    let isFound = false;
    for (const month of months) {
      for await (const paper of inMonth(month, words)) {
        isFound ||= Boolean(paper);
        yield paper;
      }
    }
    if (isFound) return;
    for (const month of months) {
      const kept = await known(month, words);
      if (kept) yield* inMonth(month, kept);
    }
  }

  const make = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  };
  // The excerpt is HTML: of what it holds, text and marks are taken, nothing else.
  const excerpt = (html) => {
    const made = make("p", "excerpt", "");
    for (const node of new DOMParser().parseFromString(html, "text/html").body.childNodes) {
      made.append(node.nodeName === "MARK" ? make("mark", "", node.textContent) : node.textContent);
    }
    return made;
  };
  const item = ({ month, data }) => {
    const made = document.createElement("li");
    const link = make("a", "", data.meta.title);
    link.href = new URL(`../_papers/${month}${data.raw_url}`, here);
    const title = make("h2", "", "");
    title.append(link);
    made.append(title);
    if (data.meta.line) made.append(make("p", "", data.meta.line));
    made.append(excerpt(data.excerpt));
    const english = make("cite", "", data.meta.english ?? "");
    english.lang = "en";
    const by = make("p", "by", "");
    by.append(english, " ", make("span", "", data.meta.where ?? ""));
    made.append(by);
    for (const each of made.children) each.dir = "auto";
    return made;
  };

  let current;
  const say = (text, count) => {
    status.textContent = text.replace("{count}", count);
  };
  const next = async () => {
    const papersOf = current;
    more.hidden = true;
    say(form.dataset.finding);
    try {
      for (let shown = 0, read = 0; shown < PAGE && read < MOST; read += 1) {
        const { value, done } = await papersOf.next();
        if (papersOf !== current) return;
        if (done) {
          say(list.children.length ? form.dataset.all : form.dataset.none, list.children.length);
          return;
        }
        if (!value) continue;
        list.append(item(value));
        shown += 1;
      }
      say(form.dataset.some, list.children.length);
      more.hidden = false;
    } catch {
      opened.clear();
      if (papersOf === current) say(form.dataset.failed);
    }
  };
  const search = () => {
    const words = form.elements.q.value.trim();
    const address = new URL(location.href);
    if (words) address.searchParams.set("q", words);
    else address.searchParams.delete("q");
    if (address.href !== location.href) history.replaceState(null, "", address);
    list.replaceChildren();
    more.hidden = true;
    say("");
    current = words ? papers(words) : undefined;
    if (words) next();
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  more.addEventListener("click", next);
  form.elements.q.value = new URL(location.href).searchParams.get("q") ?? "";
  form.elements.q.focus();
  if (form.elements.q.value) search();
})();
