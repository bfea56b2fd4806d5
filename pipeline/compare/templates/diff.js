// Which words of two texts differ: a Chinese character is a word, and so is a run of letters or digits.
const MOST_COMPARED = 4e6;
const wordsOf = (text) => text.match(/[A-Za-z0-9]+(?:[.,'’-][A-Za-z0-9]+)*|\s+|./gsu) ?? [];

// Flags for the words that the longest common subsequence leaves out. What both begin and end with costs nothing.
const compared = (...texts) => {
  // Numbers are compared much faster than strings.
  const numbers = new Map();
  const [one, other] = texts.map((words) => Int32Array.from(words, (word) => numbers.get(word) ?? numbers.set(word, numbers.size).size - 1));
  const flags = [new Array(one.length).fill(false), new Array(other.length).fill(false)];
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start += 1;
  let [end, otherEnd] = [one.length, other.length];
  while (end > start && otherEnd > start && one[end - 1] === other[otherEnd - 1]) {
    end -= 1;
    otherEnd -= 1;
  }
  const [rows, columns] = [end - start, otherEnd - start];
  if (rows * columns > MOST_COMPARED) {
    flags[0].fill(true, start, end);
    flags[1].fill(true, start, otherEnd);
    return flags;
  }
  const width = columns + 1;
  const longest = new Uint16Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      longest[at] = one[start + i] === other[start + j] ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  let [i, j] = [0, 0];
  while (i < rows || j < columns) {
    const at = i * width + j;
    if (i < rows && j < columns && one[start + i] === other[start + j]) {
      i += 1;
      j += 1;
    } else if (j >= columns || (i < rows && longest[at + width] >= longest[at + 1])) {
      flags[0][start + i] = true;
      i += 1;
    } else {
      flags[1][start + j] = true;
      j += 1;
    }
  }
  return flags.map(withoutCrumbs);
};
// A single word that happens to be common, between two that are not, only makes the rest hard to read.
const withoutCrumbs = (flags) => flags.map((flag, at) => flag || (flags[at - 1] === true && flags[at + 1] === true));

const appendMarked = (parent, words, flags) => {
  for (let at = 0; at < words.length; ) {
    let end = at + 1;
    while (end < words.length && flags[end] === flags[at]) end += 1;
    const text = words.slice(at, end).join("");
    if (flags[at]) {
      const mark = document.createElement("mark");
      mark.textContent = text;
      parent.append(mark);
    } else {
      parent.append(text);
    }
    at = end;
  }
};
