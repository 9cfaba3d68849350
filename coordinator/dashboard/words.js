// Words beside each other.

import { element } from "./elements.js";

export const wordList = (words) =>
  element("span", { class: "words" }, words.map(({ word, id }) => element("span", { class: "word", title: `id ${id}` }, word)));
