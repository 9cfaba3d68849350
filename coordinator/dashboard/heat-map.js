// How far each layer is, a row a mode.

import { element } from "./elements.js";
import { count, percent, total } from "./format.js";

export function heatMap(layers) {
  const modes = [...new Set(layers.map((layer) => layer.mode))];
  const numbers = [...new Set(layers.map((layer) => layer.layer))].toSorted((a, b) => a - b);
  const at = new Map(layers.map((layer) => [`${layer.mode}/${layer.layer}`, layer.jobs]));
  const map = element("div", { class: "heat", role: "img", "aria-label": "Progress of each mode and layer" });
  map.style.gridTemplateColumns = `auto repeat(${numbers.length}, 22px)`;
  map.append(element("span"), ...numbers.map((number) => element("span", { class: "label" }, String(number))));
  for (const mode of modes) {
    map.append(element("span", { class: "label" }, mode));
    for (const number of numbers) {
      const jobs = at.get(`${mode}/${number}`);
      map.append(jobs ? cell(mode, number, jobs) : element("span"));
    }
  }
  return element("div", { class: "scroll" }, map);
}

function cell(mode, layer, jobs) {
  const all = total(jobs);
  const state = jobs.failed > 0 ? "failing" : jobs.leased > 0 ? "working" : "";
  const told = [`${percent(jobs.done, all)} of ${count(all)} jobs done`];
  if (jobs.leased > 0) told.push(`${count(jobs.leased)} with workers`);
  if (jobs.failed > 0) told.push(`${count(jobs.failed)} failed`);
  return element("span", {
    class: `cell ${state}`,
    title: `mode ${mode}, layer ${layer}: ${told.join(", ")}`,
    "--share": `${all === 0 ? 0 : (100 * jobs.done) / all}%`,
  });
}
