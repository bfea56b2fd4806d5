// Words and chips narrow the list. Of kinds and of categories one of those chosen is enough; all else must hold together.
const root = document.documentElement;
const tools = document.querySelector("#tools");
const chips = document.querySelector("#chips");
const none = document.querySelector("#none");
const failures = document.querySelector("#failures");
const shownOf = document.querySelector("#count output");

// The paper that was read or stepped to last: a click in its text leaves nothing of it in focus.
let last = null;
let fresh = new Set();

const folded = (text) => text.normalize("NFKC").toLowerCase();
const texts = new Map();
const textOf = (paper) => {
  if (!texts.has(paper)) texts.set(paper, folded(paper.textContent));
  return texts.get(paper);
};
const categoriesOf = (paper) => (paper.querySelector("small > b")?.textContent ?? "").split(" · ");
const pressedChips = (name) =>
  [...chips.querySelectorAll(`[name=${name}][aria-pressed=true]`)].map((chip) => chip.value);
const MARKS = {
  unread: (paper) => !hasMark(paper, "read"),
  starred: (paper) => hasMark(paper, "star"),
  fresh: (paper) => fresh.has(paper.id),
};
const wanted = () => {
  const words = folded(tools.elements.words.value).split(/\s+/).filter(Boolean);
  const [marks, types, categories] = ["marks", "type", "category"].map(pressedChips);
  return (paper) =>
    marks.every((mark) => MARKS[mark](paper)) &&
    (!types.length || types.includes(paper.dataset.type)) &&
    (!categories.length || categoriesOf(paper).some((category) => categories.includes(category))) &&
    words.every((word) => textOf(paper).includes(word));
};
const filter = () => {
  last = null;
  const fits = wanted();
  let shown = 0;
  for (const paper of papers) {
    paper.hidden = !fits(paper);
    shown += !paper.hidden;
  }
  const all = shown === papers.length;
  main.classList.toggle("narrowed", !all);
  none.hidden = shown > 0 || all;
  if (failures) failures.hidden = [...failures.querySelectorAll("article")].every((paper) => paper.hidden);
  shownOf.value = all ? "" : shownOf.dataset.text.replace("{shown}", shown).replace("{count}", papers.length);
  showFrom();
};
// Whoever filters from within the list sees what was found from its beginning, and the tools where they were.
const showFrom = () => {
  if (!isSticky() || tools.getBoundingClientRect().top > 0) return;
  const above = tools.offsetHeight - main.getBoundingClientRect().top;
  if (above > 0) scrollBy({ top: -above, behavior: "instant" });
};
const isSticky = () => getComputedStyle(tools).position === "sticky";

const press = (chip, on) => chip.setAttribute("aria-pressed", on);
const toggleChip = (chip) => {
  press(chip, chip.getAttribute("aria-pressed") !== "true");
  filter();
};
const clearFilters = () => {
  tools.elements.words.value = "";
  for (const chip of chips.querySelectorAll("[aria-pressed=true]")) press(chip, false);
  filter();
  tools.elements.words.focus({ preventScroll: true });
};
const showFresh = () => {
  fresh = freshIds(Date.now());
  const chip = chips.querySelector("[value=fresh]");
  chip.hidden = !fresh.size || papers.every((paper) => fresh.has(paper.id));
  chip.querySelector("small").textContent = fresh.size;
};

// The chips have one line; where that is too short for all, a button shows the others.
const row = chips.querySelector("div");
const every = chips.querySelector("[name=every]");
const showEvery = (all) => {
  row.classList.toggle("all", all);
  every.setAttribute("aria-expanded", all);
};
const fitChips = () => {
  every.hidden = !row.classList.contains("all") && row.scrollWidth <= row.clientWidth;
};
