// What a campaign found: its best topics, those that have a word, and the way to a neuron.

import { get, search, tellNothing } from "./api.js";
import { element, replace } from "./elements.js";
import { count } from "./format.js";
import { wordList } from "./words.js";

// Of more jobs than this, nothing is read before somebody asks.
const SEARCHED_AT_ONCE = 20_000;

export const jobLink = (campaign, { mode, layer, neuron, polarity }) =>
  `#/campaigns/${campaign}/jobs/${mode}/${layer}/${neuron}/${polarity}`;

export function resultsPage(page, id) {
  document.title = `Results of campaign ${id} · superposed`;
  tellNothing();
  const found = element("section", { class: "card", "aria-live": "polite" });
  let stop = () => {};
  let over = false;

  const show = (hits, state) => {
    if (over) return;
    const { topics, matching, jobs, layers, of_layers: all } = hits;
    const told = `${count(matching)} topics in ${count(jobs)} jobs; ${layers} of ${all} layers looked through${state}`;
    replace(
      found,
      element("p", { class: "faint", id: "search-told" }, told),
      element(
        "ol",
        { class: "topics" },
        topics.map((topic) =>
          element(
            "li",
            {},
            element("a", { class: "job", href: jobLink(id, topic) }, element("code", {}, topic.job)),
            element("span", { class: "score", title: "mean NPMI of its pairs of words" }, topic.score.toFixed(3)),
            wordList(topic.words),
          ),
        ),
      ),
    );
  };

  const field = (name, title, attributes = {}) =>
    element("label", {}, element("span", {}, title), element("input", { name, id: `field-${name}`, ...attributes }));
  const choice = (name, title, options) =>
    element(
      "label",
      {},
      element("span", {}, title),
      element("select", { name, id: `field-${name}` }, options.map(([value, shown]) => element("option", { value }, shown))),
    );
  const modes = [["", "any"], ["i", "i"], ["ii", "ii"], ["iii", "iii"], ["iiii", "iiii"]];
  const polarities = [["", "both"], ["pos", "pos"], ["neg", "neg"]];

  const begin = (form) => {
    stop();
    const query = new URLSearchParams();
    for (const [name, value] of new FormData(form)) if (value.trim() !== "") query.set(name, value.trim());
    let last = { topics: [], matching: 0, jobs: 0, layers: 0, of_layers: 0 };
    show(last, " …");
    stop = search(
      `/campaigns/${id}/topics?${query}`,
      (hits) => {
        last = hits;
        show(hits, hits.layers < hits.of_layers ? " …" : "");
      },
      (problem) => {
        show(last, "");
        if (problem) found.prepend(element("p", { class: "trouble", role: "alert" }, problem));
      },
    );
  };

  const form = element(
    "form",
    {
      class: "fields",
      onsubmit: (event) => {
        event.preventDefault();
        begin(event.target);
      },
    },
    field("words", "Words, all of them", { type: "search", autocomplete: "off", autocapitalize: "off", spellcheck: "false" }),
    choice("mode", "Mode", modes),
    field("layer", "Layer", { type: "number", min: 0, placeholder: "any" }),
    choice("polarity", "Polarity", polarities),
    field("min_score", "Score at least", { type: "number", step: "any", placeholder: "any" }),
    element("button", { id: "search" }, "Search"),
  );

  const go = element(
    "form",
    {
      class: "fields",
      onsubmit: (event) => {
        event.preventDefault();
        const { mode, layer, neuron, polarity } = Object.fromEntries(new FormData(event.target));
        location.hash = jobLink(id, { mode, layer, neuron, polarity });
      },
    },
    choice("mode", "Mode", modes.slice(1)),
    field("layer", "Layer", { type: "number", min: 0, required: true, value: 0 }),
    field("neuron", "Neuron", { type: "number", min: 0, required: true, value: 0 }),
    choice("polarity", "Polarity", polarities.slice(1)),
    element("button", { id: "go" }, "Show the neuron"),
  );
  // Two forms, two sets of names.
  for (const input of go.querySelectorAll("[id^=field]")) input.id = `go-${input.name}`;

  const head = element("h1", {}, "Results");
  page.replaceChildren(
    element("p", {}, element("a", { href: `#/campaigns/${id}` }, "← the campaign")),
    head,
    element("section", { class: "card" }, element("h2", {}, "Topics"), form),
    found,
    element("section", { class: "card" }, element("h2", {}, "A neuron"), go),
  );
  get(`/campaigns/${id}`).then(
    (campaign) => {
      head.textContent = `Results of ${campaign.name}`;
      const mode = campaign.layers[0]?.mode;
      if (mode) go.querySelector("select").value = mode;
      if (campaign.jobs.done <= SEARCHED_AT_ONCE) begin(form);
      else replace(found, element("p", { class: "faint" }, "Choose a mode and a layer, or search all; that reads every file of topics."));
    },
    (error) => page.replaceChildren(element("p", { class: "trouble" }, error.message)),
  );
  return () => {
    over = true;
    stop();
  };
}
