// The page's whole state in one place. Deltas from the server go in, components read slices of it.
import { useSyncExternalStore } from "react";
import { kept } from "./keeping.js";

const EMPTY = { list: [], by: new Map() };
const WARNINGS = 4;
const FIRST_PLACE = { kind: "channel", channel: "C0INCIDENT", ts: "" };
const HEARD_LENGTH = 160;

let state = {
  connected: false,
  everConnected: false,
  lost: false,
  heardAt: 0,
  heard: "",
  me: "",
  bot: "",
  domain: "",
  people: {},
  groups: [],
  channels: [],
  talk: {},
  assistant: {},
  views: [],
  home: null,
  offers: { commands: [], shortcuts: [], home: true, messages: true },
  deck: { faults: [], monitors: [], incidents: [], log: [], play: null, scenarios: [], charts: null },
  place: FIRST_PLACE,
  tab: "talk",
  pane: "faults",
  guide: kept("guide") !== "away",
  help: false,
  follow: true,
  menu: false,
  jump: false,
  canvas: "",
  unread: {},
  warnings: [],
};
const listeners = new Set();

export const get = () => state;

export function set(change) {
  state = { ...state, ...(typeof change === "function" ? change(state) : change) };
  for (const listener of listeners) listener();
}

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useStore = (select) => useSyncExternalStore(subscribe, () => select(state));

export const talkOf = (channel) => (now) => now.talk[channel] ?? EMPTY;

export function warn(text, tone = "bad") {
  const warning = { text, tone, at: Date.now() + Math.random() };
  set((now) => ({ warnings: [...now.warnings, warning].slice(-WARNINGS) }));
  setTimeout(() => dismiss(warning.at), 7000);
}

export const dismiss = (at) => set((now) => ({ warnings: now.warnings.filter((each) => each.at !== at) }));

// Deltas arrive in batches; a batch is one new state and one drawing.
export function take(deltas) {
  const draft = { ...state, talk: { ...state.talk }, deck: { ...state.deck } };
  const touched = new Set();
  for (const delta of deltas) (TAKERS[delta.kind] ?? nothing)(draft, delta, touched);
  for (const channel of touched) {
    const talk = draft.talk[channel];
    draft.talk[channel] = { by: talk.by, list: [...talk.by.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1)) };
  }
  state = draft;
  for (const listener of listeners) listener();
}

const nothing = () => {};

const TAKERS = {
  snapshot(draft, delta) {
    const { deck, messages, whispers, people, assistant, kind, ...rest } = delta;
    Object.assign(draft, rest);
    draft.people = Object.fromEntries(people.map((each) => [each.id, each]));
    draft.assistant = Object.fromEntries(assistant.map((each) => [`${each.channel}:${each.ts}`, each]));
    draft.talk = {};
    for (const message of [...messages, ...whispers]) (draft.talk[message.channel] ??= { by: new Map() }).by.set(message.ts, message);
    for (const talk of Object.values(draft.talk)) talk.list = [...talk.by.values()].sort((a, b) => (a.ts < b.ts ? -1 : 1));
    draft.deck = { ...deck, charts: chartsOf(deck.charts) };
    draft.views = delta.views;
    if (!exists(draft)) draft.place = FIRST_PLACE;
  },
  message(draft, { message }, touched) {
    const channel = message.channel;
    const by = touched.has(channel) ? draft.talk[channel].by : new Map(draft.talk[channel]?.by);
    const isNew = !by.has(message.ts);
    by.set(message.ts, message);
    draft.talk[channel] = { by, list: [] };
    touched.add(channel);
    if (isNew && message.user !== draft.me) arrived(draft, message);
  },
  gone(draft, { channel, ts }, touched) {
    const by = touched.has(channel) ? draft.talk[channel].by : new Map(draft.talk[channel]?.by);
    by.delete(ts);
    draft.talk[channel] = { by, list: [] };
    touched.add(channel);
  },
  assistant(draft, delta) {
    draft.assistant = { ...draft.assistant, [`${delta.channel}:${delta.ts}`]: delta };
  },
  views(draft, { views }) {
    draft.views = views;
  },
  home(draft, { home }) {
    draft.home = home;
  },
  channels(draft, { channels }) {
    draft.channels = channels;
  },
  warning(_, { text }) {
    setTimeout(() => warn(text), 0);
  },
  deck(draft, { kind, ...parts }) {
    const { log, charts, ...rest } = parts;
    draft.deck = { ...draft.deck, ...rest };
    if (log) draft.deck.log = [...draft.deck.log, ...log].slice(-300);
    if (charts) draft.deck.charts = chartsOf(charts, draft.deck.charts);
  },
};

// A place may be gone: the sandbox was started anew, or the page belongs to somebody who does not see it.
function exists({ place, channels, talk }) {
  if (place.kind === "home" || place.kind === "dm") return true;
  const seen = channels.some((each) => each.id === place.channel);
  return seen && (place.kind === "channel" || Boolean(talk[place.channel]?.by.has(place.ts)));
}

// What a screen reader says of a new message: who, and how it begins.
function spoken({ people }, message) {
  const first = (message.text ?? "").split("\n")[0].replace(/<[^<>|]*\|([^<>]*)>/g, "$1").replace(/[*_`~<>]/g, "");
  return `${people[message.user]?.real_name ?? "Somebody"}: ${first.slice(0, HEARD_LENGTH)}`;
}

function arrived(draft, message) {
  const root = message.thread_ts && message.thread_ts !== message.ts ? message.thread_ts : "";
  const direct = draft.channels.some((each) => each.id === message.channel && each.kind === "im");
  const key = root ? `${message.channel}:${root}` : direct ? "dm" : message.channel;
  const here = placeKey(draft.place) === key && document.visibilityState === "visible";
  if (here) draft.heard = spoken(draft, message);
  else draft.unread = { ...draft.unread, [key]: (draft.unread[key] ?? 0) + 1 };
  if (!root && draft.follow && message.bot_id && isIncident(message) && draft.place.channel === message.channel && isFree(draft)) {
    draft.place = { kind: "thread", channel: message.channel, ts: message.ts };
  }
}

// Nobody is taken away from an incident that is not over, nor from what is being written.
function isFree({ place, deck }) {
  if (document.activeElement?.matches("textarea, input[type=text]") && document.activeElement.value) return false;
  return place.kind === "channel" || deck.incidents.some((each) => each.ts === place.ts && isOver(each));
}

// Proven, resolved with or without a proof, or merged into another one.
export const isOver = ({ tone, status }) => tone === "good" || /^(Resolved|Merged)\b/.test(status);

const isIncident = (message) => message.blocks?.[0]?.type === "header" && !message.is_ephemeral;

export const placeKey = (place) => (place.kind === "thread" ? `${place.channel}:${place.ts}` : place.kind === "channel" ? place.channel : place.kind);

// Newly read buckets replace those with the same time; what is older than the chart is dropped.
function chartsOf(fresh, before) {
  const lines = {};
  for (const [number, points] of Object.entries(fresh.lines)) {
    const merged = new Map(before?.lines[number]);
    for (const [at, value] of points) merged.set(at, value);
    const last = Math.max(...merged.keys(), 0);
    lines[number] = new Map([...merged].filter(([at]) => at >= last - fresh.shown).sort(([a], [b]) => a - b));
  }
  return { ...fresh, lines };
}

export function go(place, tab = "talk") {
  const key = placeKey(place);
  set((now) => {
    const { [key]: _, ...unread } = now.unread;
    return { place, unread, tab, menu: false, jump: false };
  });
}
