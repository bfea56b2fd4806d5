// Keyboard
const help = document.querySelector("dialog");
const current = () => document.activeElement?.closest("article") ?? last;
const step = (by) => {
  const shown = papers.filter((paper) => !paper.hidden);
  const at = shown.indexOf(current());
  const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by];
  if (!next) return;
  const summary = next.querySelector("summary");
  summary.focus({ preventScroll: true });
  summary.scrollIntoView({ block: "nearest" });
};
const onCurrent = (act) => () => {
  const paper = current();
  if (paper) act(paper);
};
const keys = {
  j: () => step(1),
  k: () => step(-1),
  o: onCurrent((paper) => {
    const details = paper.querySelector("details");
    details.open = !details.open;
    details.querySelector("summary").focus();
  }),
  s: onCurrent((paper) => toggleMark(paper, "star")),
  m: onCurrent((paper) => toggleMark(paper, "read")),
  u: () => toggleChip(chips.querySelector("[value=unread]")),
  l: nextLanguage,
  "/": () => {
    tools.scrollIntoView({ block: "nearest" });
    tools.elements.words.select();
  },
  "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
  const writes = event.target.tagName === "INPUT";
  if (writes && event.key === "Escape") {
    // Some browsers would take the words away, and tell nobody.
    event.preventDefault();
    event.target.blur();
  }
  const key = event.key.toLowerCase();
  if (!Object.hasOwn(keys, key) || writes) return;
  event.preventDefault();
  keys[key]();
});
