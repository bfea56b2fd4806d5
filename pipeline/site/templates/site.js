// Dark or light, as it was chosen on any page, else as the system has it; and formulas that are within a keyboard's reach.
"use strict";
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const KEY = "arxiv-digest:theme";
  const load = () => {
    try {
      return JSON.parse(localStorage.getItem(KEY));
    } catch {
      return null;
    }
  };
  const save = (theme) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(theme));
    } catch {
      // Then it holds for this page.
    }
  };
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const show = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
    document.querySelector("[name=dark]")?.setAttribute("aria-pressed", isDark());
  };
  show(load());
  addEventListener("storage", () => show(load()));
  system.addEventListener("change", () => show(root.dataset.theme));
  // A formula that is wider than the page scrolls; whoever has no mouse must be able to get there.
  const reach = () => {
    for (const text of document.querySelectorAll(".paper p")) {
      if (text.scrollWidth > text.clientWidth) text.tabIndex = 0;
      else text.removeAttribute("tabindex");
    }
  };
  addEventListener("load", reach);
  addEventListener("resize", reach);
  addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[name=dark]");
    button.hidden = false;
    button.addEventListener("click", () => {
      const dark = !isDark();
      const theme = dark === system.matches ? "" : dark ? "dark" : "light";
      save(theme);
      show(theme);
    });
    show(root.dataset.theme);
  });
})();
