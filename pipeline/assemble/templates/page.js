// What a reader can do with the page beyond reading it; without this script all of it is there to read.
"use strict";
(() => {
  const root = document.documentElement;
  const main = document.querySelector("main");
  const tools = document.querySelector("#tools");
  const help = document.querySelector("dialog");
  const papers = [...main.children];
  const LANGUAGES = ["zh", "both", "en"];
  const MOST_MARKS = 20000;

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
  const marked = (mark) => {
    const ids = load(mark, []);
    return new Set(Array.isArray(ids) ? ids : []);
  };

  // Marks
  const button = (mark, label) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = mark;
    made.title = label;
    made.setAttribute("aria-label", label);
    return made;
  };
  const showMarks = () => {
    for (const mark of ["read", "star"]) {
      const ids = marked(mark);
      for (const paper of papers) {
        paper.querySelector(`:scope > .${mark}`)?.setAttribute("aria-pressed", ids.has(paper.id));
      }
    }
  };
  const hasMark = (paper, mark) => paper.querySelector(`:scope > .${mark}`)?.getAttribute("aria-pressed") === "true";
  const setMark = (paper, mark, on) => {
    if (!paper.id || hasMark(paper, mark) === on) return;
    const ids = marked(mark);
    ids.delete(paper.id);
    if (on) ids.add(paper.id);
    save(mark, [...ids].slice(-MOST_MARKS));
    paper.querySelector(`:scope > .${mark}`).setAttribute("aria-pressed", on);
  };
  const toggleMark = (paper, mark) => setMark(paper, mark, !hasMark(paper, mark));

  // The paper that was read or stepped to last: a click in its text leaves nothing of it in focus.
  let last = null;

  // Filters
  const folded = (text) => text.normalize("NFKC").toLowerCase();
  const texts = new Map();
  const textOf = (paper) => {
    if (!texts.has(paper)) texts.set(paper, folded(paper.textContent));
    return texts.get(paper);
  };
  const chosen = (name) => tools.elements[name]?.value ?? "";
  const fits = (words, category, type, marks) => (paper) =>
    (!type || paper.dataset.type === type) &&
    (!category || (paper.querySelector(".by span")?.textContent ?? "").split(" ").includes(category)) &&
    (marks !== "unread" || !hasMark(paper, "read")) &&
    (marks !== "starred" || hasMark(paper, "star")) &&
    words.every((word) => textOf(paper).includes(word));
  const filter = () => {
    last = null;
    const words = folded(chosen("words")).split(/\s+/).filter(Boolean);
    const wanted = fits(words, chosen("category"), chosen("type"), chosen("marks"));
    let shown = 0;
    for (const paper of papers) {
      paper.hidden = !wanted(paper);
      shown += !paper.hidden;
    }
    const output = tools.querySelector("output");
    const all = shown === papers.length;
    output.value = all ? "" : output.dataset.text.replace("{shown}", shown).replace("{count}", papers.length);
  };

  // A formula that is wider than the page scrolls; whoever has no mouse must be able to get there.
  const reach = () => {
    for (const text of main.querySelectorAll("[open] > div > p")) {
      if (text.scrollWidth > text.clientWidth) text.tabIndex = 0;
      else text.removeAttribute("tabindex");
    }
  };

  // Language and colours
  const showLanguage = (language) => {
    root.dataset.language = LANGUAGES.includes(language) ? language : "both";
    for (const each of tools.querySelectorAll("[name=language]")) {
      each.setAttribute("aria-pressed", each.value === root.dataset.language);
    }
    reach();
  };
  const chooseLanguage = (language) => {
    save("language", language);
    showLanguage(language);
  };
  const nextLanguage = () =>
    chooseLanguage(LANGUAGES[(LANGUAGES.indexOf(root.dataset.language) + 1) % LANGUAGES.length]);
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const showTheme = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
    tools.elements.dark.setAttribute("aria-pressed", isDark());
  };
  const toggleDark = () => {
    const dark = !isDark();
    const theme = dark === system.matches ? "" : dark ? "dark" : "light";
    save("theme", theme);
    showTheme(theme);
  };

  // Keyboard
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
    l: nextLanguage,
    "/": () => {
      tools.scrollIntoView({ block: "nearest" });
      tools.elements.words.select();
    },
    "?": () => help.showModal(),
  };
  // What is typed where: in a field all, in a list the letters that find a category there (math, stat).
  const TYPES = { INPUT: () => true, SELECT: (key) => "ms".includes(key) };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help.open) return;
    const types = TYPES[event.target.tagName];
    if (types && event.key === "Escape") {
      // Some browsers would take the words away, and tell nobody.
      event.preventDefault();
      event.target.blur();
    }
    const key = event.key.toLowerCase();
    if (!Object.hasOwn(keys, key) || types?.(key)) return;
    event.preventDefault();
    keys[key]();
  });

  // Mouse, touch and the rest
  main.addEventListener("focusin", (event) => {
    last = event.target.closest("article");
  });
  main.addEventListener("click", (event) => {
    last = event.target.closest("article");
    const mark = event.target.closest("article > button");
    if (mark) toggleMark(mark.parentElement, mark.className);
  });
  main.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.open || printing) return;
      setMark(event.target.parentElement, "read", true);
      reach();
    },
    true,
  );
  tools.addEventListener("submit", (event) => {
    event.preventDefault();
    tools.elements.words.blur();
  });
  tools.addEventListener("input", (event) => event.isComposing || filter());
  tools.addEventListener("compositionend", filter);
  tools.addEventListener("click", (event) => {
    const pressed = event.target.closest("button");
    if (pressed?.name === "language") chooseLanguage(pressed.value);
    if (pressed?.name === "dark") toggleDark();
    if (pressed?.name === "help") help.showModal();
  });
  addEventListener("storage", () => {
    showMarks();
    showLanguage(load("language"));
    showTheme(load("theme"));
  });
  system.addEventListener("change", () => showTheme(load("theme")));

  // A link to a paper opens it; what follows the sign may be anything, even what cannot be decoded.
  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  const openNamed = () => {
    const named = papers.find((paper) => paper.id && `#${paper.id}` === decoded(location.hash));
    if (!named) return;
    last = named;
    named.hidden = false;
    named.querySelector("details").open = true;
    named.scrollIntoView();
  };
  addEventListener("hashchange", openNamed);

  // What is stepped or linked to must not come to lie beneath the tools, which take more lines on a narrower screen.
  const place = () => {
    const sticks = getComputedStyle(tools).position === "sticky";
    root.style.scrollPaddingTop = sticks ? `${tools.offsetHeight + 8}px` : "";
  };
  addEventListener("resize", () => {
    reach();
    place();
  });

  // Where a stylesheet cannot open what is closed, the script does, for as long as the page is printed.
  let printing = false;
  let closed = [];
  addEventListener("beforeprint", () => {
    printing = true;
    closed = [...main.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    setTimeout(() => (printing = false));
  });

  for (const paper of papers) {
    if (!paper.id) continue;
    paper.prepend(button("read", main.dataset.read));
    paper.append(button("star", main.dataset.star));
  }
  showMarks();
  showLanguage(load("language"));
  showTheme(load("theme"));
  tools.hidden = false;
  place();
  filter();
  openNamed();
})();
