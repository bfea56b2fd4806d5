// What the page holds: papers, their texts by column, and what was judged.
"use strict";
const data = JSON.parse(document.querySelector("#data").textContent);
const PARTS = ["title", "tldr", "abstract", "overall"];
const PART_NAMES = { title: "题目", tldr: "要点", abstract: "摘要", overall: "总评" };
const SIDES = ["left", "right"];
// A page that a judge is served has neither names nor an order by column; one that is opened as a file has both.
const served = data.judge !== undefined;
let judge = served ? data.judge : null;
// After the last paper: whose text is whose.
let revealed = data.result ?? null;
const verdicts = new Map(Object.entries(data.verdicts ?? {}));

// As pipeline/compare/blinding.py has it.
const isSwapped = (id) => {
  let code = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(`${data.id}\n${judge}\n${id}`)) {
    code = Math.imul(code ^ byte, 0x01000193) >>> 0;
  }
  code ^= code >>> 16;
  code ^= code >>> 8;
  return ((code >>> 3) & 1) === 1;
};
const isTurned = (row) => !served && judge !== null && isSwapped(row.id);
const cellsOf = (row) => (isTurned(row) ? [...row.cells].reverse() : row.cells);
const namesOf = (row) => {
  if (judge === null) return data.columns;
  if (!revealed) return ["左边", "右边"];
  const [first, second] = revealed.labels;
  return revealed.swapped.includes(row.id) ? [second, first] : [first, second];
};

const planned = new Set(data.planned ?? data.rows.filter((row) => row.cells.every((cell) => !cell.failure)).map((row) => row.id));
const isJudged = (row) => PARTS.every((part) => verdicts.get(row.id)?.choices[part]);
const isOpen = (row) => planned.has(row.id) && !isJudged(row);
const differs = (row) => {
  const [first, ...others] = row.cells;
  return others.some((cell) => ["title", "tldr", "abstract"].some((part) => cell[part] !== first[part]));
};
const isMarked = (row) => row.cells.some((cell) => cell.failure || cell.marks.length || cell.faults.length);

// The verdict on a paper; before its judge has said a word, the reasons are what the checks suggest.
const suggested = (row) =>
  cellsOf(row).flatMap((cell, at) =>
    (cell.marks ?? []).flatMap(([part, check, detail]) =>
      part && data.kindOf[check] ? [{ side: SIDES[at], part, kind: data.kindOf[check], grave: false, quote: detail.slice(0, 500) }] : [],
    ),
  );
const verdictOn = (row) => {
  if (!verdicts.has(row.id)) verdicts.set(row.id, { choices: {}, reasons: suggested(row) });
  return verdicts.get(row.id);
};
