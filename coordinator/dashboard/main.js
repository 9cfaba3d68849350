// Which page is shown, by what stands behind the # of the address.

import { campaignPage } from "./campaign.js";
import { campaignsPage } from "./campaigns.js";
import { element } from "./elements.js";
import { jobPage } from "./job.js";
import { resultsPage } from "./results.js";
import { workersPage } from "./workers.js";

const page = document.getElementById("page");
let leave = () => {};

const routes = [
  [/^#?\/?$/, () => campaignsPage(page)],
  [/^#\/campaigns\/(\d+)$/, (id) => campaignPage(page, Number(id))],
  [/^#\/campaigns\/(\d+)\/results$/, (id) => resultsPage(page, Number(id))],
  [/^#\/campaigns\/(\d+)\/jobs\/(i{1,4})\/(\d+)\/(\d+)\/(neg|pos)$/, (id, ...job) => jobPage(page, Number(id), ...job)],
  [/^#\/workers$/, () => workersPage(page)],
];

function show(moved) {
  leave();
  leave = () => {};
  for (const link of document.querySelectorAll("nav a")) {
    const here = link.getAttribute("href") === (location.hash || "#/");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  for (const [pattern, open] of routes) {
    const found = pattern.exec(location.hash);
    if (found) {
      leave = open(...found.slice(1)) ?? (() => {});
      if (moved) page.focus();
      return;
    }
  }
  page.replaceChildren(element("p", {}, "There is no such page. ", element("a", { href: "#/" }, "All campaigns")));
}

addEventListener("hashchange", () => show(true));
show(false);
