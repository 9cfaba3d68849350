// All campaigns.

import { listen } from "./api.js";
import { bar, element, replace, table } from "./elements.js";
import { count, percent, rate, spell, stateInWords, total } from "./format.js";

const COLUMNS = [
  { title: "Campaign" },
  { title: "State" },
  { title: "Progress" },
  { title: "Done", number: true },
  { title: "Failed", number: true },
  { title: "Rate", number: true },
  { title: "Left", number: true },
];

export function campaignsPage(page) {
  document.title = "Campaigns · superposed";
  page.replaceChildren(element("p", { class: "faint" }, "Loading …"));
  return listen("/events", "campaigns", ({ campaigns }) => {
    // The newest is what people come for.
    const rows = campaigns.toReversed().map(row);
    replace(
      page,
      element("h1", {}, "Campaigns"),
      element(
        "section",
        { class: "card" },
        table(COLUMNS, rows, "No campaign was submitted yet: superposed submit campaign.toml"),
      ),
    );
  });
}

function row(campaign) {
  const all = total(campaign.jobs);
  return [
    [
      element("a", { href: `#/campaigns/${campaign.id}`, id: `campaign-${campaign.id}` }, campaign.name),
      element("div", { class: "faint" }, `${campaign.size}, number ${campaign.id}`),
      campaign.trouble && element("div", { class: "trouble" }, `held up: ${campaign.trouble}`),
    ],
    element("span", { class: `state ${campaign.state}` }, stateInWords(campaign.state)),
    element("div", { class: "progress" }, bar(campaign.jobs, all), percent(campaign.jobs.done, all)),
    count(campaign.jobs.done),
    count(campaign.jobs.failed),
    rate(campaign.jobs_per_second),
    spell(campaign.seconds_left),
  ].map((cell) => (Array.isArray(cell) ? element("div", {}, cell) : cell));
}
