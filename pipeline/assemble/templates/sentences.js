// A sentence of the abstract in Chinese shows its original beneath it, and hides it again.
const originals = new WeakMap();
const pairSentences = (details) => {
  const [chinese, english] = [...details.querySelectorAll(":scope > div > p")].map((text) => [
    ...text.querySelectorAll(":scope > span:not(.original)"),
  ]);
  if (!english || chinese.length !== english.length) return;
  chinese.forEach((sentence, at) => {
    if (originals.has(sentence) || !sentence.textContent || !english[at].textContent) return;
    originals.set(sentence, english[at]);
    sentence.role = "button";
    sentence.tabIndex = 0;
    sentence.ariaExpanded = false;
  });
};
const toggleOriginal = (sentence) => {
  const shown = sentence.ariaExpanded === "true";
  const next = sentence.nextElementSibling;
  const last = next?.tagName === "MARK" ? next : sentence;
  if (shown) last.nextElementSibling.remove();
  else {
    const original = originals.get(sentence).cloneNode(true);
    original.className = "original";
    original.lang = "en";
    last.after(original);
  }
  sentence.ariaExpanded = !shown;
};
