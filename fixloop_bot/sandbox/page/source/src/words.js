// Times, numbers and names as people read them.
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const CLOCK_S = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const clock = (seconds) => CLOCK.format(seconds * 1000);
export const clockS = (seconds) => CLOCK_S.format(seconds * 1000);

export function day(seconds) {
  return new Date(seconds * 1000).toDateString() === new Date().toDateString() ? "Today" : DAY.format(seconds * 1000);
}

// Slack's date tokens; the page reads them in the browser's own time zone, as Slack's clients do.
export function slackDate(seconds, format) {
  const at = seconds * 1000;
  return format
    .replace(/\{time_secs\}/g, CLOCK_S.format(at))
    .replace(/\{time\}/g, CLOCK.format(at))
    .replace(/\{date_num\}/g, new Date(at).toISOString().slice(0, 10))
    .replace(/\{date_short(_pretty)?\}/g, SHORT_DAY.format(at))
    .replace(/\{date(_long)?(_pretty)?\}/g, DAY.format(at))
    .replace(/\{ago\}/g, ago(seconds));
}

export function ago(seconds) {
  const past = Math.max(0, Date.now() / 1000 - seconds);
  if (past < 60) return "just now";
  if (past < 3600) return `${Math.floor(past / 60)} min ago`;
  return past < 86400 ? `${Math.floor(past / 3600)} h ago` : SHORT_DAY.format(seconds * 1000);
}

// A share reads as per cent, a time as milliseconds; the query says which.
export function reading(value, query) {
  if (value === null || value === undefined) return "–";
  if (isShare(query)) return `${trim(value * 100)} %`;
  return /latency|duration/.test(query) ? `${trim(value)} ms` : trim(value);
}

export const isShare = (query) => query.includes(" / ") || query.includes(")/");

function trim(value) {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)));
}

export const initials = (name) =>
  name
    .split(/\s+/)
    .map((each) => each[0] ?? "")
    .join("")
    .slice(0, 2)
    .toUpperCase();

export const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
