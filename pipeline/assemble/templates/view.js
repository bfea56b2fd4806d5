// Language, colours, and where the reader is on the page.
const LANGUAGES = ["zh", "both", "en"];

// A formula that is wider than the page scrolls; a reader without a mouse must be able to get there.
const reach = () => {
  for (const text of main.querySelectorAll("[open] > div > p")) {
    if (text.scrollWidth > text.clientWidth) text.tabIndex = 0;
    else text.removeAttribute("tabindex");
  }
};

const showLanguage = (language) => {
  root.dataset.language = LANGUAGES.includes(language) ? language : "both";
  for (const each of tools.querySelectorAll("[name=language]")) {
    press(each, each.value === root.dataset.language);
  }
  reach();
};
const chooseLanguage = (language) => {
  save("language", language);
  showLanguage(language);
};
const nextLanguage = () => chooseLanguage(LANGUAGES[(LANGUAGES.indexOf(root.dataset.language) + 1) % LANGUAGES.length]);

const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
const showTheme = (theme) => {
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  else delete root.dataset.theme;
  press(tools.elements.dark, isDark());
};
const toggleDark = () => {
  const dark = !isDark();
  const theme = dark === system.matches ? "" : dark ? "dark" : "light";
  save("theme", theme);
  showTheme(theme);
};

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
  named.parentElement.hidden = false;
  named.querySelector("details").open = true;
  named.scrollIntoView();
};

// What is stepped or linked to must not come to lie beneath the tools.
const placeTools = () => {
  root.style.setProperty("--tools", isSticky() ? `${tools.offsetHeight + 8}px` : "0px");
};
