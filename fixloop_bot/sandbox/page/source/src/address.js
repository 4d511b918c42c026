// The address names the place: a reload stays where one was, and back and forward lead where one has been. On a narrow
// screen the part that is shown belongs to it, too.
import { get, go, set, subscribe } from "./store.js";

const NARROW = window.matchMedia("(max-width: 820px), (max-height: 520px)");
const FORM = /^#(channel|thread)\/(\w+)(?:\/(\d+\.\d+))?$/;

function named(place) {
  if (place.kind === "home" || place.kind === "dm") return `#${place.kind}`;
  return `#${[place.kind, place.channel, place.ts].filter(Boolean).join("/")}`;
}

function read(hash) {
  if (hash === "#home" || hash === "#dm") return { kind: hash.slice(1), channel: "", ts: "" };
  const found = FORM.exec(hash);
  if (!found || (found[1] === "thread") !== Boolean(found[3])) return null;
  return { kind: found[1], channel: found[2], ts: found[3] ?? "" };
}

// The tab is kept in the entry's state: it is no place of its own.
function moved() {
  const { place, tab } = get();
  const same = location.hash === named(place);
  if (same && (history.state?.tab === tab || !NARROW.matches)) return;
  history.pushState({ tab }, "", named(place));
}

function back() {
  go(read(location.hash) ?? get().place, history.state?.tab);
}

export function beginAddress() {
  const place = read(location.hash);
  set({ tab: history.state?.tab ?? "talk", ...(place && { place }) });
  history.replaceState({ tab: get().tab }, "", named(get().place));
  subscribe(moved);
  window.addEventListener("popstate", back);
}
