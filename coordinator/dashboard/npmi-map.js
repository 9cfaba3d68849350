// How each word of a set hangs together with each other one: a table, so that it is read out as one.

import { element } from "./elements.js";

// 0 is independence, 1 is always together, -1 is never.
function shade(score) {
  const strength = Math.min(1, Math.abs(score));
  return `${Math.round(100 * strength)}%`;
}

export function npmiMap({ words, npmi }) {
  const cell = (score, row, column) => {
    if (score === null) return element("td", { class: "self" }, "·");
    const made = element("td", { class: score < 0 ? "apart" : "together", title: `${words[row]}, ${words[column]}: ${score.toFixed(4)}` }, score.toFixed(2));
    made.style.setProperty("--share", shade(score));
    return made;
  };
  return element(
    "div",
    { class: "scroll" },
    element(
      "table",
      { class: "npmi" },
      element("caption", {}, "NPMI of each pair of words: 1 is always together, 0 is by chance, −1 is never"),
      element("thead", {}, element("tr", {}, element("td"), words.map((word) => element("th", { scope: "col" }, element("span", {}, word))))),
      element(
        "tbody",
        {},
        npmi.map((scores, row) => element("tr", {}, element("th", { scope: "row" }, words[row]), scores.map((score, column) => cell(score, row, column)))),
      ),
    ),
  );
}
