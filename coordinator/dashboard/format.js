// Numbers and times as people read them.

const whole = new Intl.NumberFormat("en");

export const count = (number) => whole.format(number);

export const rate = (perSecond) =>
  perSecond <= 0 ? "–" : `${perSecond < 10 ? perSecond.toFixed(1) : whole.format(Math.round(perSecond))}/s`;

export function percent(part, all) {
  if (all === 0) return "–";
  const share = (100 * part) / all;
  // What is not whole is not shown as whole.
  return part === all ? "100 %" : `${Math.min(99.9, share).toFixed(1)} %`;
}

export function spell(seconds) {
  if (seconds === undefined || seconds === null) return "–";
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.ceil(seconds / 60)} min`;
  if (seconds < 360000) return `${Math.ceil(seconds / 3600)} h`;
  return `${Math.ceil(seconds / 86400)} days`;
}

export const total = (jobs) => jobs.pending + jobs.leased + jobs.done + jobs.failed + jobs.cancelled;

export const stateInWords = (state) => state.replaceAll("_", " ");

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(number) {
  let unit = 0;
  let left = number;
  while (left >= 1024 && unit < UNITS.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${left >= 100 || unit === 0 ? Math.round(left) : left.toFixed(1)} ${UNITS[unit]}`;
}
