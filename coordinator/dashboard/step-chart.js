// A quantity over time, in steps.

import { drawn, element } from "./elements.js";
import { spell } from "./format.js";

const WIDTH = 800;
const HEIGHT = 120;

// `steps`: { ago, value }, oldest first, each `seconds` long, over the last `span` seconds; `written` makes text of a value.
export function stepChart({ name, steps, seconds, span, written, nothing }) {
  const most = Math.max(1e-9, ...steps.map((step) => step.value));
  const x = (ago) => (WIDTH * (1 - Math.max(0, Math.min(ago, span)) / span)).toFixed(1);
  const y = (value) => ((HEIGHT - 2) * (1 - value / most) + 1).toFixed(1);
  let path = `M ${x(span)} ${y(0)}`;
  for (const { ago, value } of steps) {
    path += ` L ${x(ago)} ${y(0)} L ${x(ago)} ${y(value)} L ${x(ago - seconds)} ${y(value)} L ${x(ago - seconds)} ${y(0)}`;
  }
  path += ` L ${x(0)} ${y(0)} Z`;
  const top = steps.length === 0 ? nothing : `at most ${written(most)}`;
  return element(
    "figure",
    { class: "chart" },
    element("figcaption", {}, element("strong", {}, name), ` ${top}`),
    drawn(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        preserveAspectRatio: "none",
        role: "img",
        "aria-label": `${name} over the last ${spell(span)}: ${top}`,
      },
      drawn("path", { class: "area", d: path, "vector-effect": "non-scaling-stroke" }),
      drawn("line", { x1: 0, x2: WIDTH, y1: y(0), y2: y(0), "vector-effect": "non-scaling-stroke" }),
    ),
    element("div", { class: "row spread faint" }, element("span", {}, `${spell(span)} ago`), element("span", {}, "now")),
  );
}
