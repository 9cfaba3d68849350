// Elements out of names, attributes and children. Text is always text: nothing that was read becomes markup.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined || value === null) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) made.style.setProperty(key, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawn(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function table(head, rows, nothing) {
  if (rows.length === 0) return element("p", { class: "faint" }, nothing);
  const cell = (name, column, content) => element(name, { class: column.number && "number" }, content);
  return element(
    "div",
    { class: "scroll" },
    element(
      "table",
      {},
      element("thead", {}, element("tr", {}, head.map((column) => cell("th", column, column.title)))),
      element("tbody", {}, rows.map((row) => element("tr", {}, row.map((content, at) => cell("td", head[at], content))))),
    ),
  );
}

export function bar(jobs, all) {
  const width = (part) => `width:${all === 0 ? 0 : (100 * part) / all}%`;
  const shown = element("div", {
    class: "bar",
    role: "progressbar",
    "aria-valuemin": 0,
    "aria-valuemax": all,
    "aria-valuenow": jobs.done + jobs.failed,
    "aria-label": "jobs done",
  });
  for (const state of ["done", "failed", "leased"]) {
    const part = element("span", { class: state });
    part.style.cssText = width(jobs[state]);
    shown.append(part);
  }
  return shown;
}

// Puts new content in place of the old without losing the keyboard's focus.
export function replace(place, ...content) {
  const focused = document.activeElement?.id;
  place.replaceChildren(...content);
  if (focused) document.getElementById(focused)?.focus();
}
