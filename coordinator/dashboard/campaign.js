// One campaign: how far it is, who works on it, what failed, and what can be done about it.

import { act, get, listen } from "./api.js";
import { bar, element, replace, table } from "./elements.js";
import { count, percent, rate, spell, stateInWords, total } from "./format.js";
import { heatMap } from "./heat-map.js";
import { stepChart } from "./step-chart.js";

const RATES_EVERY = 10_000;

const ACTIONS = {
  pause: { title: "Pause", when: (c) => c.state === "running" },
  resume: { title: "Resume", when: (c) => c.state === "paused" },
  retry: { title: "Retry failed", when: (c) => c.jobs.failed > 0 && c.state !== "cancelled" },
  cancel: {
    title: "Cancel",
    danger: true,
    when: (c) => c.state === "running" || c.state === "paused",
    ask: (c) => `Cancel ${c.name}? Its running jobs are taken back; files that were written stay.`,
  },
};

export function campaignPage(page, id) {
  document.title = `Campaign ${id} · superposed`;
  const head = element("section", { class: "card" }, element("p", { class: "faint" }, "Loading …"));
  const layers = element("section", { class: "card" });
  const rates = element("section", { class: "card" });
  const work = element("section", { class: "card" });
  const failures = element("section", { class: "card" });
  page.replaceChildren(head, layers, rates, work, failures);

  let minutes = 120;
  let failed = -1;
  let now = null;
  let over = false;
  const message = element("p", { role: "alert" });

  const showRates = async () => {
    const told = await get(`/campaigns/${id}/rates?minutes=${minutes}`).catch(() => null);
    if (!told || !now || over) return;
    const choice = (title, value) =>
      element(
        "button",
        {
          id: `rates-${value}`,
          "aria-pressed": String(minutes === value),
          onclick: () => {
            minutes = value;
            showRates();
          },
        },
        title,
      );
    replace(
      rates,
      element("div", { class: "row spread" }, element("h2", {}, "Over time"), element("div", { class: "row" }, choice("2 h", 120), choice("1 day", 1440), choice("1 week", 10080))),
      ...charts(told, 60 * minutes, now),
    );
  };

  const showFailures = async (now) => {
    if (now.jobs.failed === failed) return;
    failed = now.jobs.failed;
    const told = failed === 0 ? { failures: [] } : await get(`/campaigns/${id}/failures?limit=100`).catch(() => null);
    if (!told || over) return;
    const rows = told.failures.map((failure) => [
      element("code", {}, failure.job),
      String(failure.attempts),
      failure.worker,
      element("code", {}, failure.error),
    ]);
    const columns = [{ title: "Job" }, { title: "Attempts", number: true }, { title: "Last worker" }, { title: "Error" }];
    replace(
      failures,
      element("h2", {}, "Failures"),
      table(columns, rows, "None."),
      failed > rows.length && element("p", { class: "faint" }, `The first ${rows.length} of ${count(failed)}.`),
    );
  };

  const button = (now, action) => {
    const { title, when, ask, danger } = ACTIONS[action];
    if (!when(now)) return null;
    return element(
      "button",
      {
        id: `action-${action}`,
        class: danger && "danger",
        onclick: async (event) => {
          if (ask && !confirm(ask(now))) return;
          event.target.disabled = true;
          message.textContent = "";
          await act(id, action).then(show, (error) => {
            message.textContent = error.message;
            event.target.disabled = false;
          });
        },
      },
      title,
    );
  };

  const show = (changed) => {
    const moved = now?.state !== changed.state;
    now = changed;
    if (moved) showRates();
    document.title = `${now.name} · superposed`;
    const all = total(now.jobs);
    const figure = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
    replace(
      head,
      element(
        "div",
        { class: "row spread" },
        element("div", { class: "row" }, element("h1", {}, now.name), element("span", { class: `state ${now.state}` }, stateInWords(now.state))),
        element("div", { class: "row" }, element("a", { id: "results", href: `#/campaigns/${id}/results` }, "Results"), Object.keys(ACTIONS).map((action) => button(now, action))),
      ),
      element("p", { class: "faint" }, `${now.size}, number ${now.id}, priority ${now.priority}; results: `, element("code", {}, now.destination)),
      now.trouble ? element("p", { class: "trouble" }, `held up: ${now.trouble}`) : element("span"),
      message,
      bar(now.jobs, all),
      element(
        "dl",
        { class: "figures" },
        figure("done", `${percent(now.jobs.done, all)}`),
        figure("jobs done", `${count(now.jobs.done)} of ${count(all)}`),
        figure("with workers", count(now.jobs.leased)),
        figure("failed", count(now.jobs.failed)),
        figure("rate", rate(now.jobs_per_second)),
        figure("left", spell(now.seconds_left)),
      ),
    );
    replace(layers, element("h2", {}, "Layers"), heatMap(now.layers));
    const rows = now.work.map((held) => [held.worker, `${held.mode}, layer ${held.layer}`, count(held.jobs), spell(held.seconds)]);
    const columns = [{ title: "Worker" }, { title: "Works on" }, { title: "Jobs held", number: true }, { title: "For", number: true }];
    replace(work, element("h2", {}, "Who works on it"), table(columns, rows, "Nobody now."));
    showFailures(now);
  };

  get(`/campaigns/${id}`).catch((error) => {
    over = true;
    page.replaceChildren(element("p", { class: "trouble" }, error.message), element("a", { href: "#/" }, "All campaigns"));
  });
  const stop = listen(`/campaigns/${id}/events`, "campaign", show);
  const timer = setInterval(showRates, RATES_EVERY);
  return () => {
    over = true;
    stop();
    clearInterval(timer);
  };
}

// How fast it was, and how long the jobs left at each moment would have taken at that pace.
function charts({ seconds, stretches }, span, { jobs }) {
  const paces = stretches.map((stretch) => ({ ago: stretch.seconds_ago, value: stretch.jobs_per_second }));
  let left = jobs.pending + jobs.leased;
  const hours = paces
    .toReversed()
    .map(({ ago, value }) => {
      const then = { ago, value: value > 0 ? left / value : 0 };
      left += value * seconds;
      return then;
    })
    .toReversed();
  return [
    stepChart({ name: "Jobs a second", steps: paces, seconds, span, written: rate, nothing: "nothing done" }),
    stepChart({ name: "Time left, as it seemed then", steps: hours, seconds, span, written: spell, nothing: "unknown" }),
  ];
}
