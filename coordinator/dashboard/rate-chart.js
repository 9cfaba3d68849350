// Jobs a second over time.

import { drawn } from "./elements.js";
import { rate, spell } from "./format.js";

const WIDTH = 800;
const HEIGHT = 140;
const FOOT = 18;

export function rateChart({ seconds, stretches }, minutes) {
  const span = 60 * minutes;
  const most = Math.max(1e-9, ...stretches.map((stretch) => stretch.jobs_per_second));
  const x = (ago) => WIDTH * (1 - Math.min(ago, span) / span);
  const y = (value) => (HEIGHT - FOOT) * (1 - value / most) + 1;
  let path = `M ${x(span)} ${y(0)}`;
  for (const { seconds_ago: ago, jobs_per_second: value } of stretches) {
    path += ` L ${x(ago)} ${y(0)} L ${x(ago)} ${y(value)} L ${x(ago - seconds)} ${y(value)} L ${x(ago - seconds)} ${y(0)}`;
  }
  path += ` L ${x(0)} ${y(0)} Z`;
  return drawn(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `Jobs a second over the last ${spell(span)}, at most ${rate(most)}`,
    },
    drawn("path", { class: "area", d: path }),
    drawn("line", { x1: 0, x2: WIDTH, y1: y(0), y2: y(0) }),
    drawn("text", { x: 4, y: 12 }, stretches.length === 0 ? "nothing done" : rate(most)),
    drawn("text", { x: 4, y: HEIGHT - 4 }, `${spell(span)} ago`),
    drawn("text", { x: WIDTH - 4, y: HEIGHT - 4, "text-anchor": "end" }, "now"),
  );
}
