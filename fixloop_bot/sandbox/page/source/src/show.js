// Goes to one message, wherever it stands, and lights it up for a moment.
import { get, go } from "./store.js";

const LIT_MS = 1600;

export function show(channel, ts, thread) {
  const message = get().talk[channel]?.by.get(ts);
  const root = thread ?? message?.thread_ts ?? ts;
  const { place } = get();
  if (place.kind !== "thread" || place.channel !== channel || place.ts !== root) go({ kind: "thread", channel, ts: root });
  requestAnimationFrame(() => requestAnimationFrame(() => light(ts)));
}

function light(ts) {
  const row = document.getElementById(`m${ts}`);
  row?.scrollIntoView({ block: "center" });
  row?.classList.add("flash");
  setTimeout(() => row?.classList.remove("flash"), LIT_MS);
}
