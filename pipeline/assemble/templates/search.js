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

  // Where Pagefind knows a word not at all it looks for its beginning; so what it gives is held against the query. The best
  // comes first: after one that has not all of the words comes none that has.
  const folded = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  const parts = (words) =>
    [...new Intl.Segmenter("zh", { granularity: "word" }).segment(words)].filter((part) => part.isWordLike);
  async function* inMonth(month, words) {
    const wanted = parts(words).map((part) => folded(part.segment));
    const found = await (await indexOf(month)).search(words.replace(/[\p{P}\p{S}]+/gu, " "));
    for (const result of found.results) {
      const data = await result.data();
      const content = folded(data.content);
      if (!wanted.every((part) => content.includes(part))) return;
      yield { month, data };
    }
  }
  // The index and the browser do not always agree on where a Chinese word ends, and what is left over is a single character.
  // So where no paper has all of a query, the longer words that a month knows decide.
  const known = async (month, words) => {
    const kept = [];
    for (const { segment } of parts(words)) {
      if (segment.length > 1 && !(await inMonth(month, segment).next()).done) kept.push(segment);
    }
    return kept.join(" ");
  };
  async function* papers(words) {
    if (!parts(words).length) return;
    let isFound = false;
    for (const month of months) {
      for await (const paper of inMonth(month, words)) {
        isFound = true;
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
    const asked = current;
    more.hidden = true;
    say(form.dataset.finding);
    try {
      for (let number = 0; number < PAGE; number += 1) {
        const { value, done } = await asked.next();
        if (asked !== current) return;
        if (done) {
          say(list.children.length ? form.dataset.all : form.dataset.none, list.children.length);
          return;
        }
        list.append(item(value));
      }
      say(form.dataset.some, list.children.length);
      more.hidden = false;
    } catch {
      opened.clear();
      if (asked === current) say(form.dataset.failed);
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
