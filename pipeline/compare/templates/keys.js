// Tools and keys
data.kinds.forEach((kind, at) => {
  const label = make("label");
  label.append(make("input", "", { type: "radio", name: "kind", value: kind, required: true }), ` ${at + 1} ${kind}`);
  dialogs.reason.querySelector(".kinds").append(label);
});
const toggleDiff = () => {
  showsDiff = !showsDiff;
  tools.elements.diff.setAttribute("aria-pressed", showsDiff);
  render();
};
const nextFilter = () => {
  const values = [...tools.querySelectorAll("[name=filter]:not([hidden])")].map((button) => button.value);
  choose(values[(values.indexOf(filter) + 1) % values.length]);
};
const activate = (by) => {
  if (judge === null) return;
  active = PARTS[Math.max(0, Math.min(PARTS.length - 1, PARTS.indexOf(active) + by))];
  for (const group of main.querySelectorAll(".choices")) {
    group.classList.toggle("active", group.closest("section").dataset.part === active);
  }
  main.querySelector(".choices.active")?.scrollIntoView({ block: "nearest" });
};
const keys = {
  j: () => go(place + 1),
  k: () => go(place - 1),
  n: nextOpen,
  d: toggleDiff,
  f: nextFilter,
  r: ask,
  arrowup: () => activate(-1),
  arrowdown: () => activate(1),
  "?": () => dialogs.help.showModal(),
  ...Object.fromEntries(CHOICES.map(([choice], at) => [String(at + 1), () => decide(active, choice)])),
};
const keysOfReason = {
  q: () => dialogs.reason.querySelector("[value=light]").click(),
  z: () => dialogs.reason.querySelector("[value=grave]").click(),
  ...Object.fromEntries(data.kinds.map((kind, at) => [String(at + 1), () => dialogs.reason.querySelectorAll("[name=kind]")[at].click()])),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  // The field of a dialog that was just closed may have the focus until the page is drawn again.
  const writes = event.target.matches("input:not([type=radio])") && !event.target.closest("dialog:not([open])");
  const obeyed = dialogs.reason.open ? keysOfReason : keys;
  const others = Object.values(dialogs).some((dialog) => dialog.open && dialog !== dialogs.reason);
  const key = event.key.toLowerCase();
  if (writes || others || !Object.hasOwn(obeyed, key)) return;
  if (judge === null && key.startsWith("arrow")) return;
  event.preventDefault();
  obeyed[key]();
});

tools.addEventListener("submit", (event) => event.preventDefault());
tools.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const does = {
    filter: () => choose(button.value),
    back: () => go(place - 1),
    on: () => go(place + 1),
    diff: toggleDiff,
    blind: () => dialogs.begin.showModal(),
    export: download,
    help: () => dialogs.help.showModal(),
  };
  does[button?.name]?.();
});
tools.elements.place.addEventListener("change", () => {
  go(Math.max(1, Math.min(shown.length, Number.parseInt(tools.elements.place.value, 10) || 1)) - 1);
});
tools.elements.blind.hidden = served || data.columns.length !== 2;
count();
if (served && data.rows.some(isOpen)) go(data.rows.findIndex(isOpen));
else render();
if (revealed) reveal(revealed);
