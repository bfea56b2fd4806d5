// What the browser keeps: papers that were read, starred or shown, language and colours. Other pages of these digests share it.
"use strict";
const MOST_IDS = 20000;
// A browser may refuse to keep anything, for a file or in a private window: then it is kept until the page is left.
const kept = new Map();
const load = (key, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(`arxiv-digest:${key}`)) ?? kept.get(key) ?? otherwise;
  } catch {
    return kept.get(key) ?? otherwise;
  }
};
const save = (key, value) => {
  kept.set(key, value);
  try {
    localStorage.setItem(`arxiv-digest:${key}`, JSON.stringify(value));
  } catch {
    // It is in `kept`.
  }
};
const listed = (key) => {
  const list = load(key, []);
  return Array.isArray(list) ? list : [];
};

// Marks
const main = document.querySelector("main");
const papers = [...main.querySelectorAll("article")];
const markButton = (mark, label) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = mark;
  made.title = label;
  made.setAttribute("aria-label", label);
  made.setAttribute("aria-pressed", false);
  return made;
};
const showMarks = () => {
  for (const mark of ["read", "star"]) {
    const ids = new Set(listed(mark));
    for (const paper of papers) {
      paper.querySelector(`:scope > .${mark}`)?.setAttribute("aria-pressed", ids.has(paper.id));
    }
  }
  showProgress();
};
const hasMark = (paper, mark) => paper.querySelector(`:scope > .${mark}`)?.getAttribute("aria-pressed") === "true";
const setMark = (paper, mark, on) => {
  if (!paper.id || hasMark(paper, mark) === on) return;
  const ids = new Set(listed(mark));
  ids.delete(paper.id);
  if (on) ids.add(paper.id);
  save(mark, [...ids].slice(-MOST_IDS));
  paper.querySelector(`:scope > .${mark}`).setAttribute("aria-pressed", on);
  showProgress();
};
const toggleMark = (paper, mark) => setMark(paper, mark, !hasMark(paper, mark));
const progress = document.querySelector("#count a");
const showProgress = () => {
  const read = papers.filter((paper) => hasMark(paper, "read")).length;
  progress.textContent = progress.dataset.text.replace("{read}", read).replace("{count}", papers.length);
};

// What is new since the last visit. A visit lasts until no page was opened for half an hour; `shown` has the papers of
// each visit, under the time at which it began, and `visit` when this one began and when a page was opened last.
const VISIT_MS = 30 * 60 * 1000;
const freshIds = (now) => {
  const visit = load("visit", null);
  const lasts = Number.isFinite(visit?.began) && now - visit.last < VISIT_MS;
  const began = lasts ? visit.began : now;
  save("visit", { began, last: now });
  const visits = listed("shown").filter((each) => Array.isArray(each?.ids));
  const before = new Set(visits.filter((each) => each.began !== began).flatMap((each) => each.ids));
  const shown = new Set(visits.filter((each) => each.began === began).flatMap((each) => each.ids));
  const fresh = new Set(papers.map((paper) => paper.id).filter((id) => id && !before.has(id)));
  const all = [...visits.filter((each) => each.began !== began), { began, ids: [...new Set([...shown, ...fresh])] }];
  while (all.length > 1 && all.reduce((sum, each) => sum + each.ids.length, 0) > MOST_IDS) all.shift();
  save("shown", all);
  // On the first visit all is new, and on most days too: then there is nothing to choose.
  return before.size ? fresh : new Set();
};
