// Workers: what they are, what they hold, when they were last heard of.

import { get } from "./api.js";
import { element, replace, table } from "./elements.js";
import { bytes, count, rate, spell } from "./format.js";

const EVERY = 2_000;

const COLUMNS = [
  { title: "Worker" },
  { title: "Computes with" },
  { title: "Cores", number: true },
  { title: "Works on" },
  { title: "Jobs held", number: true },
  { title: "Rate", number: true },
  { title: "Stages, last minute" },
  { title: "Memory", number: true },
  { title: "Last heard of", number: true },
];

export function workersPage(page) {
  document.title = "Workers · superposed";
  page.replaceChildren(element("p", { class: "faint" }, "Loading …"));
  let over = false;
  const connection = document.getElementById("connection");
  const show = async () => {
    const told = await get("/workers").catch((error) => {
      connection.textContent = error.message;
      connection.classList.add("lost");
      return null;
    });
    if (!told || over) return;
    connection.textContent = "live";
    connection.classList.remove("lost");
    const rows = told.workers.map((worker) => row(worker, told.work));
    replace(
      page,
      element("h1", {}, "Workers"),
      element("section", { class: "card" }, table(COLUMNS, rows, "No worker was heard of: superposed-worker --coordinator URL")),
    );
  };
  show();
  const timer = setInterval(show, EVERY);
  return () => {
    over = true;
    clearInterval(timer);
  };
}

function row(worker, work) {
  const own = work.filter((held) => held.worker === worker.id);
  const places = own.map((held) =>
    element("div", {}, element("a", { href: `#/campaigns/${held.campaign}` }, `campaign ${held.campaign}`), `, ${held.mode}, layer ${held.layer}`),
  );
  return [
    element("span", {}, worker.id, worker.draining ? " (draining)" : ""),
    worker.backend,
    count(worker.cores),
    places.length > 0 ? element("div", {}, places) : element("span", { class: "faint" }, "nothing"),
    count(worker.leased_jobs),
    worker.condition ? rate(worker.condition.jobs_per_second) : "–",
    worker.condition ? stages(worker.condition.stages) : "–",
    worker.condition?.memory_bytes > 0 ? bytes(worker.condition.memory_bytes) : "–",
    `${spell(worker.seconds_since_sync)} ago`,
  ];
}

// A bar for each stage: at work, held up, without input.
function stages(told) {
  const share = (part) => Math.round(100 * part);
  return element(
    "div",
    { class: "stages" },
    told.map(({ stage, at_work: work, held_up: held }) => {
      const shown = element("span", { class: "bar", role: "img", "aria-label": `${stage}: ${share(work)} % at work, ${share(held)} % held up` });
      for (const [name, part] of [["work", work], ["held", held]]) {
        const piece = element("span", { class: name });
        piece.style.setProperty("width", `${share(part)}%`);
        shown.append(piece);
      }
      return element("div", { title: `${stage}: ${share(work)} % at work, ${share(held)} % held up by what follows` }, element("span", { class: "faint" }, stage), shown);
    }),
  );
}
