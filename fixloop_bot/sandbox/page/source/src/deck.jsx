// The right: the incident's flight deck. What is going on, what the run has found out, what Datadog sees, what is broken.
import { useRef } from "react";
import { Faults, isOn } from "./faults.jsx";
import { Incident } from "./incident.jsx";
import { Log, Scenarios } from "./ledger.jsx";
import { Monitors } from "./monitors.jsx";
import { arrows } from "./popup.jsx";
import { Run } from "./run.jsx";
import { set, useStore } from "./store.js";

const TABS = [
  ["faults", "Faults"],
  ["play", "Scenarios"],
  ["log", "Log"],
];

export function Deck() {
  const tab = useStore((now) => now.pane);
  const list = useRef(null);
  const choose = (pane) => set({ pane });
  return (
    <aside className="deck" aria-label="Flight deck">
      <div className="panel upper">
        <div className="instruments">
          <Incident />
          <Run />
          <Monitors />
        </div>
      </div>
      <div className="panel lower">
        <div className="tabs" role="tablist" aria-label="Controls" ref={list} onKeyDown={(event) => arrows(event, list.current, "[role=tab]")}>
          {TABS.map(([name, label]) => (
            <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls={`pane-${name}`} tabIndex={tab === name ? 0 : -1} onClick={() => choose(name)} onFocus={() => choose(name)}>
              {label}
              {name === "faults" && <Active />}
              {name === "play" && <Going />}
            </button>
          ))}
        </div>
        <div className="pane" role="tabpanel" id={`pane-${tab}`} aria-labelledby={`tab-${tab}`}>
          {tab === "faults" ? <Faults /> : tab === "log" ? <Log /> : <Scenarios />}
        </div>
      </div>
    </aside>
  );
}

function Active() {
  const count = useStore((now) => now.deck.faults.filter(isOn).length);
  return count > 0 ? <span className="badge bad">{count} on</span> : null;
}

function Going() {
  const going = useStore((now) => now.deck.play?.going);
  return going ? <span className="badge">playing</span> : null;
}
