// What there is to know now: the incident's own status, largest, and its buttons.
import { useState } from "react";
import { Confirm } from "./confirm.jsx";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { isAgain, useKeptFocus } from "./press.js";
import { go, isOver, useStore } from "./store.js";
import { slackDate } from "./words.js";

// The incident whose thread is open, else the newest one.
export function useNow() {
  const incidents = useStore((now) => now.deck.incidents);
  const place = useStore((now) => now.place);
  return incidents.find((each) => each.ts === place.ts && each.channel === place.channel) ?? incidents.at(-1) ?? null;
}

// The server reads cards without knowing who looks, nor where: people are still their ids there, and dates are marks.
export function useTold() {
  const people = useStore((now) => now.people);
  return (text) =>
    text
      .replace(/<@(\w+)>/g, (_, id) => people[id]?.real_name ?? "somebody")
      .replace(/<!date\^(\d+)\^([^^|>]+)[^>]*>/g, (_, at, form) => slackDate(Number(at), form));
}

export function Incident() {
  const incident = useNow();
  return (
    <section className="incident" aria-label="Incident">
      <h2 className="unseen">Flight deck</h2>
      {incident ? <Now incident={incident} /> : <Calm />}
      <Newer than={incident} />
    </section>
  );
}

function Now({ incident }) {
  const told = useTold();
  const [first, rest] = split(told(incident.status));
  return (
    <div className={`now ${incident.tone}`}>
      <p className="unseen" role="status">
        {incident.facts.split(" · ")[0]}: {first}
      </p>
      <button type="button" className="to-thread" aria-label={`Open the thread: ${incident.title}`} onClick={() => go({ kind: "thread", channel: incident.channel, ts: incident.ts })}>
        <small className="facts">
          <span className={`dot ${incident.tone}`} aria-hidden="true" />
          {told(incident.facts)}
          <Icon name="right" size={14} />
        </small>
        <span className="status">
          <strong>{first}</strong>
          <span>{rest}</span>
        </span>
        <span className="subject">{incident.title}</span>
      </button>
      <Keys incident={incident} />
    </div>
  );
}

// Whoever reads an incident that is over, or an older one, is told here of the newest that is not.
function Newer({ than }) {
  const told = useTold();
  const newest = useStore((now) => now.deck.incidents.findLast((each) => !isOver(each)));
  if (!newest || !than || newest.ts <= than.ts) return null;
  return (
    <button type="button" className={`newer ${newest.tone}`} onClick={() => go({ kind: "thread", channel: newest.channel, ts: newest.ts })}>
      <span className={`dot ${newest.tone}`} aria-hidden="true" />
      <span>
        {newest.facts.split(" · ")[0]} is open: {split(told(newest.status))[0]}
      </span>
      <Icon name="right" size={14} />
    </button>
  );
}

// "Recovery proven, 15:37 UTC. Watching until …": the verdict, and the rest.
export function split(status) {
  const found = /[.,:]\s| · /.exec(status);
  if (!found) return [status, ""];
  const rest = status.slice(found.index + found[0].length).trim();
  return [status.slice(0, found.index), rest.charAt(0).toUpperCase() + rest.slice(1)];
}

function Calm() {
  const monitors = useStore((now) => now.deck.monitors);
  const shop = useStore((now) => now.deck.faults.length > 0);
  const bad = monitors.filter((each) => each.state === "Alert").length;
  return (
    <div className="now calm">
      <span className="status">
        <strong>{bad ? "Datadog alerts" : "All quiet"}</strong>
        <span>{bad ? "FixLoop is being told; its thread appears in a moment." : shop ? "No incident. Customers are shopping." : "No incident. Your services are being watched."}</span>
      </span>
    </div>
  );
}

// The root card's own buttons, within reach while one reads further down.
function Keys({ incident }) {
  const [asked, setAsked] = useState(null);
  const kept = useKeptFocus();
  const press = (button, event) => {
    if (isAgain(event)) return;
    const dom = event.currentTarget;
    const done = () => pressed(incident, button, dom);
    if (button.confirm) setAsked({ confirm: button.confirm, done, undo: () => {} });
    else done();
  };
  return (
    <div {...kept} className="keys" role="group" aria-label="What to do">
      {incident.buttons.map((each) => (
        <button key={each.action_id} type="button" className={`button ${each.style ?? ""}`} onClick={(event) => press(each, event)}>
          {each.text.text}
        </button>
      ))}
      {asked && <Confirm {...asked} onEnd={() => setAsked(null)} />}
    </div>
  );
}

export async function pressed(incident, button, dom) {
  dom?.setAttribute("aria-busy", "true");
  await act("click", { channel: incident.channel, ts: incident.ts, action_id: button.action_id, block_id: button.block_id });
  dom?.removeAttribute("aria-busy");
}
