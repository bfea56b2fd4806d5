// Mouse, touch and the rest; then the page is made ready.
main.addEventListener("focusin", (event) => {
  last = event.target.closest("article");
});
main.addEventListener("click", (event) => {
  last = event.target.closest("article");
  const sentence = event.target.closest("[role=button]");
  if (sentence && getSelection().isCollapsed) toggleOriginal(sentence);
  const pressed = event.target.closest("button");
  if (pressed?.name === "clear") clearFilters();
  else if (pressed) toggleMark(pressed.parentElement, pressed.className);
});
main.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.open) return;
    setMark(event.target.parentElement, "read", true);
    pairSentences(event.target);
    reach();
  },
  true,
);
main.addEventListener("keydown", (event) => {
  if (event.target.role !== "button" || (event.key !== "Enter" && event.key !== " ")) return;
  event.preventDefault();
  toggleOriginal(event.target);
});
tools.addEventListener("submit", (event) => {
  event.preventDefault();
  tools.elements.words.blur();
});
// Folding all texts takes longer than a letter may.
tools.elements.words.addEventListener("focus", () => papers.forEach(textOf), { once: true });
tools.addEventListener("input", (event) => event.isComposing || filter());
tools.addEventListener("compositionend", filter);
tools.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (pressed?.name === "language") chooseLanguage(pressed.value);
  if (pressed?.name === "dark") toggleDark();
  if (pressed?.name === "help") help.showModal();
});
chips.addEventListener("click", (event) => {
  const pressed = event.target.closest("button");
  if (pressed === every) showEvery(!row.classList.contains("all"));
  else if (pressed) toggleChip(pressed);
});
addEventListener("storage", () => {
  showMarks();
  showLanguage(load("language"));
  showTheme(load("theme"));
});
system.addEventListener("change", () => showTheme(load("theme")));
addEventListener("hashchange", openNamed);
addEventListener("resize", () => {
  reach();
  placeTools();
  fitChips();
});

for (const paper of papers) {
  if (!paper.id) continue;
  paper.prepend(markButton("read", main.dataset.read));
  paper.append(markButton("star", main.dataset.star));
}
showMarks();
showFresh();
showLanguage(load("language"));
showTheme(load("theme"));
for (const each of [tools, chips, progress.parentElement]) each.hidden = false;
placeTools();
fitChips();
filter();
openNamed();
