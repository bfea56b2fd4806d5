// One paper at a time
const main = document.querySelector("#paper");
const tools = document.querySelector("#tools");
const said = document.querySelector("#said");
let shown = data.rows;
let place = 0;
let showsDiff = true;
let active = "title";

const make = (tag, text = "", more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
const say = (text) => {
  said.textContent = text;
};
const row = () => shown[place];

const render = () => {
  const current = row();
  main.replaceChildren(current ? article(current) : make("p", "没有这样的论文。", { className: "none" }));
  tools.elements.place.value = current ? place + 1 : 0;
  tools.querySelector("output").textContent = shown.length;
  for (const [name, by] of [["back", -1], ["on", 1]]) tools.elements[name].disabled = !shown[place + by];
  because.hidden = true;
};
const go = (to) => {
  if (!shown[to]) return;
  place = to;
  active = PARTS.find((part) => !verdicts.get(row().id)?.choices[part]) ?? "title";
  render();
  if (main.getBoundingClientRect().top < tools.offsetHeight) main.scrollIntoView({ block: "start" });
};

const article = (current) => {
  const made = make("article");
  made.dataset.id = current.id;
  made.style.setProperty("--columns", current.cells.length);
  const title = make("h2");
  title.append(make("a", current.title, { href: current.url, lang: "en", rel: "noreferrer", target: "_blank" }));
  const by = make("p", "", { className: "by" });
  by.append(make("span", current.id), make("span", current.category));
  if (judge !== null && !planned.has(current.id)) by.append(make("span", "有一边没有摘要，不评"));
  made.append(title, by);
  for (const part of ["title", "tldr", "abstract"]) made.append(section(current, part));
  if (judge !== null && planned.has(current.id)) made.append(overall(current));
  return made;
};

const section = (current, part) => {
  const made = make("section", "", { className: "part" });
  made.dataset.part = part;
  made.append(make("h3", PART_NAMES[part]));
  if (part === "abstract") made.append(make("p", current.abstract, { lang: "en", className: "original" }));
  const cells = cellsOf(current);
  const texts = cells.map((cell) => wordsOf(cell[part] ?? ""));
  const flags = flagsOf(texts);
  cells.forEach((cell, at) => made.append(column(current, part, at, { cell, words: texts[at], flags: flags[at] })));
  if (judge !== null && planned.has(current.id)) made.append(choices(current, part));
  return made;
};
// Each column is compared with the first, and the first with the second.
const flagsOf = (texts) => {
  if (!showsDiff || texts.length < 2) return texts.map((words) => words.map(() => false));
  const pairs = texts.slice(1).map((words) => compared(texts[0], words));
  return [pairs[0][0], ...pairs.map(([, flags]) => flags)];
};

const column = (current, part, at, { cell, words, flags }) => {
  const made = make("div", "", { className: "cell" });
  made.dataset.side = SIDES[at] ?? "";
  made.append(make("h4", namesOf(current)[at]));
  if (cell.failure) {
    made.append(make("p", `没有摘要：${cell.failure}`, { className: "failure", title: cell.detail }));
    return made;
  }
  const text = make("p", "", { className: "text" });
  appendMarked(text, words, flags);
  made.append(text);
  if (part === "tldr" && cell.english) made.append(make("p", cell.english, { lang: "en", className: "english" }));
  const notes = notesOn(cell, part);
  if (judge !== null && planned.has(current.id)) notes.append(...reasonsOn(current, part, SIDES[at]));
  if (notes.childElementCount) made.append(notes);
  return made;
};
const notesOn = (cell, part) => {
  const notes = make("ul", "", { className: "notes" });
  for (const [where, check, detail] of cell.marks) {
    if (where === part) notes.append(make("li", data.checks[check] ?? check, { className: "check", title: detail }));
  }
  if (part === "title") {
    for (const fault of cell.faults) notes.append(make("li", `重问过：${data.checks[fault] ?? fault}`, { className: "check" }));
  }
  return notes;
};

// Filters
const FILTERS = { all: () => true, differs, marked: isMarked, open: isOpen, judged: isJudged };
let filter = "all";
const count = () => {
  for (const button of tools.querySelectorAll("[name=filter]")) {
    button.hidden = judge === null && ["open", "judged"].includes(button.value);
    button.querySelector("small").textContent = data.rows.filter(FILTERS[button.value]).length;
    button.setAttribute("aria-pressed", button.value === filter);
  }
};
const choose = (value) => {
  const before = row();
  filter = value;
  shown = data.rows.filter(FILTERS[value]);
  place = Math.max(0, shown.indexOf(before));
  count();
  go(place);
  if (!shown.length) render();
};
