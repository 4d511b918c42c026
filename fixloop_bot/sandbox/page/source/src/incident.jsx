// What there is to know now: the incident's own status, largest, and its buttons.
import { useState } from "react";
import { Confirm } from "./confirm.jsx";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { go, useStore } from "./store.js";

// The incident whose thread is open, else the newest one.
export function useNow() {
  const incidents = useStore((now) => now.deck.incidents);
  const place = useStore((now) => now.place);
  return incidents.find((each) => each.ts === place.ts && each.channel === place.channel) ?? incidents.at(-1) ?? null;
}

// The server reads cards without knowing who looks: people are still their ids there.
function useNamed() {
  const people = useStore((now) => now.people);
  return (text) => text.replace(/<@(\w+)>/g, (_, id) => people[id]?.real_name ?? "somebody");
}

export function Incident() {
  const incident = useNow();
  return (
    <section className="incident" aria-label="Incident">
      <h2 className="unseen">Flight deck</h2>
      {incident ? <Now incident={incident} /> : <Calm />}
    </section>
  );
}

function Now({ incident }) {
  const named = useNamed();
  const [first, rest] = split(named(incident.status));
  return (
    <div className={`now ${incident.tone}`}>
      <button type="button" className="to-thread" aria-label={`Open the thread: ${incident.title}`} onClick={() => go({ kind: "thread", channel: incident.channel, ts: incident.ts })}>
        <small className="facts">
          <span className={`dot ${incident.tone}`} aria-hidden="true" />
          {named(incident.facts)}
          <Icon name="right" size={14} />
        </small>
        <span className="status">
          <strong>{first}</strong>
          {rest && <span>{rest}</span>}
        </span>
        <span className="subject">{incident.title}</span>
      </button>
      <Keys incident={incident} />
    </div>
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
  const press = (button, dom) => {
    const done = () => pressed(incident, button, dom);
    if (button.confirm) setAsked({ confirm: button.confirm, done, undo: () => {} });
    else done();
  };
  return (
    <div className="keys">
      {incident.buttons.map((each) => (
        <button key={each.action_id} type="button" className={`button ${each.style ?? ""}`} onClick={(event) => press(each, event.currentTarget)}>
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
