// What one neuron found: its pool, the word sets in it, and their topics.

import { get, tellNothing } from "./api.js";
import { element, replace } from "./elements.js";
import { count } from "./format.js";
import { npmiMap } from "./npmi-map.js";
import { jobLink } from "./results.js";
import { wordList } from "./words.js";

export function jobPage(page, id, mode, layer, neuron, polarity) {
  const at = { mode, layer, neuron: Number(neuron), polarity };
  document.title = `Neuron ${neuron} of layer ${layer} · superposed`;
  tellNothing();
  let over = false;
  const link = (name, title, change) => element("a", { id: name, href: jobLink(id, { ...at, ...change }) }, title);
  const content = element("div", { class: "stack" }, element("p", { class: "faint" }, "Loading …"));
  page.replaceChildren(
    element("p", {}, element("a", { href: `#/campaigns/${id}/results` }, "← results")),
    element("h1", {}, `Layer ${layer}, neuron ${neuron}, ${polarity}`, element("span", { class: "faint" }, ` mode ${mode}`)),
    element(
      "nav",
      { class: "row", "aria-label": "Other neurons" },
      at.neuron > 0 && link("previous", "← previous", { neuron: at.neuron - 1 }),
      link("other", polarity === "pos" ? "its negative end" : "its positive end", { polarity: polarity === "pos" ? "neg" : "pos" }),
      link("next", "next →", { neuron: at.neuron + 1 }),
    ),
    content,
  );
  get(`/campaigns/${id}/jobs/${mode}/${layer}/${neuron}/${polarity}`).then(
    (found) => over || replace(content, ...sections(id, found)),
    (error) => over || replace(content, element("p", { class: "trouble", role: "alert" }, error.message)),
  );
  return () => {
    over = true;
  };
}

function sections(id, { pool, word_sets: sets, topics }) {
  return [
    element(
      "section",
      { class: "card" },
      element("h2", {}, `Topics (${count(topics.length)})`),
      topics.length === 0
        ? element("p", { class: "faint" }, "None: no word set of its pool is large enough.")
        : element(
            "ol",
            { class: "topics" },
            topics.map((topic) =>
              element("li", {}, element("span", { class: "score", title: "mean NPMI of its pairs of words" }, topic.score.toFixed(3)), wordList(topic.words)),
            ),
          ),
    ),
    element(
      "section",
      { class: "card" },
      element("h2", {}, `Word sets (${count(sets.length)})`),
      sets.length === 0 ? element("p", { class: "faint" }, "None.") : element("ol", { class: "topics" }, sets.map((words, place) => wordSet(id, words, place))),
    ),
    element("section", { class: "card" }, element("h2", {}, `Pool (${count(pool.length)} words)`), wordList(pool)),
  ];
}

function wordSet(id, words, place) {
  const shown = element("div");
  const button = element("button", { id: `npmi-${place}`, "aria-expanded": "false" }, "NPMI");
  button.addEventListener("click", async () => {
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) return shown.replaceChildren();
    shown.replaceChildren(element("p", { class: "faint" }, "Loading …"));
    await get(`/campaigns/${id}/npmi?ids=${words.map((word) => word.id).join(",")}`).then(
      (affinity) => shown.replaceChildren(npmiMap(affinity)),
      (error) => shown.replaceChildren(element("p", { class: "trouble", role: "alert" }, error.message)),
    );
  });
  return element("li", {}, element("span", { class: "faint" }, `${words.length} words `), button, wordList(words), shown);
}
