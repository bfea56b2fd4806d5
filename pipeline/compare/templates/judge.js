// Verdicts: a choice for each part of a paper, and reasons
const CHOICES = [["left", "左边好"], ["right", "右边好"], ["both", "都好"], ["neither", "都不好"]];
const because = document.querySelector("#because");
const dialogs = Object.fromEntries(["help", "reason", "begin", "verdict"].map((id) => [id, document.getElementById(id)]));

const choices = (current, part) => {
  const made = make("div", "", { className: "choices" });
  made.setAttribute("role", "group");
  made.setAttribute("aria-label", PART_NAMES[part]);
  made.classList.toggle("active", part === active);
  CHOICES.forEach(([choice, label], at) => {
    const button = make("button", label, { type: "button", value: choice });
    button.append(make("kbd", at + 1));
    button.setAttribute("aria-pressed", verdictOn(current).choices[part] === choice);
    button.addEventListener("click", () => decide(part, choice));
    made.append(button);
  });
  return made;
};
const overall = (current) => {
  const made = make("section", "", { className: "part overall" });
  made.dataset.part = "overall";
  made.append(make("h3", PART_NAMES.overall), choices(current, "overall"));
  return made;
};
const reasonsOn = (current, part, side) =>
  verdictOn(current)
    .reasons.filter((reason) => reason.part === part && reason.side === side)
    .map((reason) => {
      const made = make("li", `${reason.kind}${reason.grave ? "（重）" : ""}`, { className: "reason" });
      if (reason.quote) made.append(make("q", reason.quote));
      const away = make("button", "×", { type: "button", title: "去掉" });
      away.setAttribute("aria-label", `去掉理由：${reason.kind}`);
      away.addEventListener("click", () => {
        const verdict = verdictOn(current);
        verdict.reasons = verdict.reasons.filter((each) => each !== reason);
        save(current);
        render();
      });
      made.append(away);
      return made;
    });

const decide = (part, choice) => {
  const current = row();
  if (judge === null || !current || !planned.has(current.id)) return;
  const verdict = verdictOn(current);
  verdict.choices[part] = choice;
  save(current);
  count();
  const next = PARTS.find((each) => !verdict.choices[each]);
  if (next) {
    active = next;
    render();
    main.querySelector(`[data-part=${next}] .choices`).scrollIntoView({ block: "nearest" });
  } else {
    nextOpen();
  }
};
const nextOpen = () => {
  const order = [...shown.keys()].slice(place + 1).concat([...shown.keys()].slice(0, place));
  const to = order.find((at) => isOpen(shown[at]));
  if (to === undefined) {
    render();
    if (!data.rows.some(isOpen)) finish();
  } else {
    go(to);
  }
};

// Saving: what a page that is served has to say goes to its server at once, in order; a file keeps it for the export.
const waiting = new Map();
let isSending = false;
let isUnsaved = false;
const save = (current) => {
  const { choices: made, reasons } = verdictOn(current);
  waiting.set(current.id, { paper_id: current.id, choices: { ...made }, reasons: [...reasons] });
  if (served) send();
  else isUnsaved = true;
};
const send = async () => {
  if (isSending) return;
  isSending = true;
  while (waiting.size) {
    const [id, verdict] = waiting.entries().next().value;
    waiting.delete(id);
    try {
      const answer = await fetch("verdicts", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(verdict),
      });
      if (!answer.ok) throw new Error(await answer.text());
      const state = await answer.json();
      say(`已保存，评完 ${state.judged} / ${planned.size} 篇。`);
      if (state.result) reveal(state.result);
    } catch (error) {
      if (!waiting.has(id)) waiting.set(id, verdict);
      say(`没有保存（${error.message}），正在重试。请确认 prompts judge 还在运行。`);
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  isSending = false;
};

// The end
const reveal = (result) => {
  const isNew = !revealed;
  revealed = result;
  render();
  dialogs.verdict.querySelector("ul").replaceChildren(...result.sentences.map((sentence) => make("li", sentence)));
  if (isNew) dialogs.verdict.showModal();
};
const finish = () => {
  if (served) return;
  const swapped = data.rows.map((each) => each.id).filter(isSwapped);
  reveal({ labels: data.columns, swapped, sentences: PARTS.map(counted) });
};
const counted = (part) => {
  const won = { first: 0, second: 0, both: 0, neither: 0 };
  for (const [id, verdict] of verdicts) won[byColumn(id, verdict.choices[part])] += 1;
  const [first, second] = data.columns;
  return `${PART_NAMES[part]}：${second} 对 ${first}，胜 ${won.second}，负 ${won.first}，平 ${won.both + won.neither}。导出后用 prompts judge --verdicts 查看检验。`;
};
const byColumn = (id, side) => {
  const sides = isSwapped(id) ? { left: "second", right: "first" } : { left: "first", right: "second" };
  return sides[side] ?? side;
};
const exported = () =>
  [...verdicts]
    .filter(([, verdict]) => Object.keys(verdict.choices).length)
    .map(([id, verdict]) =>
      JSON.stringify({
        comparison: data.id,
        judge,
        pair: data.columns,
        paper_id: id,
        choices: Object.fromEntries(Object.entries(verdict.choices).map(([part, choice]) => [part, byColumn(id, choice)])),
        reasons: verdict.reasons.map(({ side, part, kind, grave, quote }) => ({ column: byColumn(id, side), part, kind, is_grave: grave, quote })),
        at: new Date().toISOString(),
      }),
    )
    .map((line) => `${line}\n`)
    .join("");
const download = () => {
  const link = make("a", "", { href: URL.createObjectURL(new Blob([exported()], { type: "application/jsonl" })) });
  link.download = `${decodeURIComponent(location.pathname.split("/").pop()).replace(/\.html$/, "")}.verdicts.jsonl`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  isUnsaved = false;
};
addEventListener("beforeunload", (event) => {
  if (isUnsaved || waiting.size) event.preventDefault();
});

// Reasons by selecting words
const selected = () => {
  const selection = getSelection();
  const quote = selection.toString().trim();
  const cell = selection.anchorNode?.parentElement?.closest(".cell");
  return quote && cell ? { quote, side: cell.dataset.side, part: cell.closest("section").dataset.part } : null;
};
let asked = null;
const ask = () => {
  const current = row();
  if (judge === null || !current || !planned.has(current.id)) return;
  // The dialog says that it is closed a moment later, when another paper may be shown.
  asked = current;
  const form = dialogs.reason.querySelector("form");
  const about = selected() ?? { quote: "", side: "", part: active === "overall" ? "" : active };
  form.reset();
  for (const name of ["side", "part", "quote"]) form.elements[name].value = about[name];
  dialogs.reason.returnValue = "";
  dialogs.reason.showModal();
  if (about.side) form.querySelector("[name=kind]").focus();
};
document.addEventListener("selectionchange", () => {
  const range = judge !== null && !dialogs.reason.open && selected() ? getSelection().getRangeAt(0) : null;
  because.hidden = !range;
  if (!range) return;
  const box = range.getBoundingClientRect();
  because.style.left = `${Math.max(8, Math.min(box.left, innerWidth - 120)) + scrollX}px`;
  because.style.top = `${box.bottom + scrollY + 6}px`;
});
because.addEventListener("mousedown", (event) => event.preventDefault());
because.addEventListener("click", ask);
dialogs.reason.addEventListener("close", () => {
  if (dialogs.reason.returnValue !== "keep") return;
  const given = new FormData(dialogs.reason.querySelector("form"));
  const reason = { side: given.get("side"), part: given.get("part"), kind: given.get("kind"), grave: given.get("weight") === "grave", quote: given.get("quote") };
  verdictOn(asked).reasons.push(reason);
  save(asked);
  render();
});
dialogs.begin.addEventListener("close", () => {
  if (dialogs.begin.returnValue !== "begin") return;
  judge = dialogs.begin.querySelector("input").value.trim();
  document.querySelector("#figures")?.remove();
  document.querySelector("header p").remove();
  tools.elements.blind.hidden = true;
  tools.elements.export.hidden = false;
  choose("all");
});
