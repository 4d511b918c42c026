// The right: the incident's flight deck. What is broken, what the run has found out, what Datadog sees, who calls whom.
import { memo, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Chart } from "./chart.jsx";
import { Confirm } from "./confirm.jsx";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { arrows } from "./popup.jsx";
import { go, set, useStore } from "./store.js";
import { clockS, reading } from "./words.js";

const WAYS = { "to Slack": ["FixLoop", "Slack"], "from Slack": ["Slack", "FixLoop"], "to Datadog": ["FixLoop", "Datadog"], "from Datadog": ["Datadog", "FixLoop"] };
const EMPTY = new Map();
const TABS = [
  ["faults", "Faults"],
  ["play", "Scenarios"],
  ["log", "Log"],
];

export function Deck() {
  const [tab, setTab] = useState("faults");
  const list = useRef(null);
  return (
    <aside className="deck" aria-label="Flight deck">
      <div className="panel upper">
        <Incident />
        <Run />
        <Monitors />
      </div>
      <div className="panel lower">
        <div className="tabs" role="tablist" aria-label="Controls" ref={list} onKeyDown={(event) => arrows(event, list.current, "[role=tab]")}>
          {TABS.map(([name, label]) => (
            <button key={name} type="button" role="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls={`pane-${name}`} tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)} onFocus={() => setTab(name)}>
              {label}
              {name === "faults" && <Active />}
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

// The server reads cards without knowing who looks: people are still their ids there.
function useNamed() {
  const people = useStore((now) => now.people);
  return (text) => text.replace(/<@(\w+)>/g, (_, id) => people[id]?.real_name ?? "somebody");
}

function Incident() {
  const named = useNamed();
  const incident = useNow();
  const follow = useStore((now) => now.follow);
  return (
    <section className="incident">
      <header>
        <h2>Flight deck</h2>
        <label className="switch" title="Open the thread of a new incident by itself">
          <input type="checkbox" checked={follow} onChange={() => set({ follow: !follow })} />
          <span>Follow incidents</span>
        </label>
      </header>
      {incident ? (
        <button type="button" className={`now ${incident.tone}`} onClick={() => go({ kind: "thread", channel: incident.channel, ts: incident.ts })}>
          <span className={`dot ${incident.tone}`} aria-hidden="true" />
          <span className="what">
            <strong>{incident.title}</strong>
            <span className="status">{named(incident.status)}</span>
            <small>{named(incident.facts)}</small>
          </span>
          <Icon name="right" />
        </button>
      ) : (
        <p className="now calm">
          <span className="dot good" aria-hidden="true" />
          <span className="what">
            <strong>All quiet</strong>
            <span className="status">Break something below, and watch the thread.</span>
          </span>
        </p>
      )}
      {incident && <Keys incident={incident} />}
    </section>
  );
}

// The root card's own buttons, within reach while one reads further down.
function Keys({ incident }) {
  const [asked, setAsked] = useState(null);
  const press = (button, dom) => {
    const done = async () => {
      dom.setAttribute("aria-busy", "true");
      await act("click", { channel: incident.channel, ts: incident.ts, action_id: button.action_id, block_id: button.block_id });
      dom.removeAttribute("aria-busy");
    };
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

// The incident whose thread is open, else the newest one.
function useNow() {
  const incidents = useStore((now) => now.deck.incidents);
  const place = useStore((now) => now.place);
  return incidents.find((each) => each.ts === place.ts && each.channel === place.channel) ?? incidents.at(-1) ?? null;
}

const SIGNS = { passed: "check", failed: "close", inconclusive: "more", skipped: "more", "left out": "more", manual: "edit", running: "pulse" };

function Run() {
  const run = useNow()?.run;
  if (!run) return null;
  const decided = run.steps.filter((each) => each.mark !== "running").length;
  return (
    <section className="run" aria-label="Run">
      <h3>
        {run.heading}
        <span className="muted">
          {decided} of {run.steps.length} decided
        </span>
      </h3>
      <div className="progress" role="progressbar" aria-label="Steps decided" aria-valuemin={0} aria-valuemax={run.steps.length} aria-valuenow={decided}>
        {run.steps.map((each) => (
          <span key={each.number} className={each.mark.replace(" ", "-")} />
        ))}
      </div>
      <ol>
        {run.steps.map((each) => (
          <li key={each.number} className={each.mark.replace(" ", "-")}>
            <Icon name={SIGNS[each.mark]} size={14} />
            <span className="title">{each.title}</span>
            <span className="figures" title={each.figures}>
              {each.figures.split("→").at(-1).replace(/^\s*now /, "")}
            </span>
            <span className="state">{each.state}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

// The error rate, the latency and whatever is not OK have a chart with words; the rest one line each.
function Monitors() {
  const monitors = useStore((now) => now.deck.monitors);
  const charts = useStore((now) => now.deck.charts);
  if (!monitors.length) return <p className="none">No monitors in this Datadog yet.</p>;
  const latency = monitors.find((each) => /latency|duration/.test(each.query));
  const isLarge = (each) => each === monitors[0] || each === latency || each.state === "Alert";
  const small = monitors.filter((each) => !isLarge(each));
  const chart = (each) => charts && <Chart points={charts.lines[each.number] ?? EMPTY} monitor={each} shown={charts.shown} marks={charts.marks} small={!isLarge(each)} />;
  return (
    <section className="monitors" aria-label="Monitors">
      {monitors.filter(isLarge).map((each) => (
        <div key={each.number} className="monitor">
          <h3>
            <span className="title">{each.name}</span>
            <span className="limit-word">limit {reading(each.limit, each.query)}</span>
            <strong className={`value ${each.state === "Alert" ? "bad" : ""}`}>{reading(each.value, each.query)}</strong>
            <State state={each.state} />
          </h3>
          {chart(each)}
        </div>
      ))}
      {small.length > 0 && (
        <ul className="small">
          {small.map((each) => (
            <li key={each.number}>
              <span className="title" title={each.name}>{each.name}</span>
              {chart(each)}
              <span className="value">{reading(each.value, each.query)}</span>
              <State state={each.state} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const STATES = { OK: "good", Alert: "bad", Warn: "busy", "No Data": "open" };
const State = ({ state }) => <span className={`pill ${STATES[state] ?? "open"}`}>{state}</span>;

function Active() {
  const count = useStore((now) => now.deck.faults.filter((each) => each.state === "broken" || each.state === "half-fixed").length);
  return count > 0 ? <span className="badge bad">{count} on</span> : null;
}

function Faults() {
  const faults = useStore((now) => now.deck.faults);
  const [wanted, setWanted] = useState("");
  const shown = useMemo(() => {
    const words = wanted.toLowerCase();
    const fits = faults.filter((each) => `${each.name} ${each.sees}`.toLowerCase().includes(words));
    const rank = (each) => (each.state === "broken" || each.state === "half-fixed" ? 0 : 1);
    return [...fits].sort((a, b) => rank(a) - rank(b));
  }, [faults, wanted]);
  if (!faults.length) return <p className="none">These are your own services: break them yourself.</p>;
  return (
    <>
      <label className="find">
        <Icon name="search" size={14} />
        <input type="search" placeholder={`Find one of ${faults.length} faults`} aria-label="Find a fault" value={wanted} onChange={(event) => setWanted(event.target.value)} />
      </label>
      <ul className="faults">
        {shown.map((each) => (
          <Fault key={each.name} fault={each} />
        ))}
        {shown.length === 0 && <li className="none">No fault says “{wanted}”.</li>}
      </ul>
    </>
  );
}

const Fault = memo(
  function Fault({ fault }) {
    const { name, state } = fault;
    const turn = (to) => act("break", { name, state: to });
    const on = state === "broken" || state === "half-fixed";
    const after = state === "half-fixed" ? fault.half : state === "fixed" ? fault.fix : fault.sees;
    return (
      <li className={`fault ${state}`}>
        <div className="what">
          <strong>{name}</strong>
          <span>{after}</span>
        </div>
        <div className="turn" role="group" aria-label={`${name}: ${state}`}>
          <button type="button" aria-pressed={state === "broken"} className="break" onClick={() => turn("broken")} aria-label={`Break: ${name}`}>
            Break
          </button>
          <button type="button" aria-pressed={state === "half-fixed"} className="half" disabled={!on} onClick={() => turn("half-fixed")} aria-label={`Half-fix: ${name}`}>
            Half-fix
          </button>
          <button type="button" aria-pressed={state === "fixed"} className="fix" disabled={!on} onClick={() => turn("fixed")} aria-label={`Fix: ${name}`}>
            Fix
          </button>
        </div>
      </li>
    );
  },
  (before, now) => before.fault.name === now.fault.name && before.fault.state === now.fault.state,
);

function Scenarios() {
  const scenarios = useStore((now) => now.deck.scenarios);
  const play = useStore((now) => now.deck.play);
  return (
    <>
      {play && (
        <div className={`playing ${play.going ? "going" : play.verdict === play.expected ? "good" : "bad"}`} role="status">
          <strong>{play.name}</strong>
          <span>{play.stage}</span>
          {play.going && (
            <button type="button" className="button" onClick={() => act("stop")}>
              <Icon name="stop" size={13} /> Stop
            </button>
          )}
        </div>
      )}
      <ul className="scenarios">
        {scenarios.map((each) => (
          <li key={each.name}>
            <button type="button" className="button square" disabled={play?.going} aria-label={`Play ${each.name}`} title={`Play ${each.name}`} onClick={() => act("play", { name: each.name })}>
              <Icon name="play" size={14} />
            </button>
            <span className="what">
              <strong>{each.name}</strong>
              <span>{each.sees}</span>
            </span>
            <span className={`verdict ${each.expected.replace(" ", "-")}`}>{each.expected}</span>
          </li>
        ))}
        {scenarios.length === 0 && <li className="none">No scenarios with your own services.</li>}
      </ul>
    </>
  );
}

function Log() {
  const log = useStore((now) => now.deck.log);
  const [only, setOnly] = useState("");
  const box = useRef(null);
  const pinned = useRef(true);
  const rows = useMemo(() => (only ? log.filter((each) => each.way === only) : log), [log, only]);
  useLayoutEffect(() => {
    if (pinned.current) box.current.scrollTop = box.current.scrollHeight;
  }, [rows]);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current;
    pinned.current = scrollHeight - scrollTop - clientHeight < 40;
  };
  return (
    <>
      <div className="ways" role="group" aria-label="Which calls">
        {["", ...Object.keys(WAYS)].map((way) => (
          <button key={way} type="button" aria-pressed={only === way} onClick={() => setOnly(way)}>
            {way || "all"}
          </button>
        ))}
      </div>
      <ol className="log" ref={box} onScroll={scrolled} tabIndex={0} aria-label="Webhooks and API calls">
        {rows.map((each) => (
          <li key={each.n} className={each.ok ? "" : "bad"}>
            <time>{clockS(each.at)}</time>
            <span className={`way ${each.way.replace(" ", "-")}`} title={`${WAYS[each.way][0]} calls ${WAYS[each.way][1]}`}>
              {each.way}
            </span>
            <span className="call" title={each.what}>{each.what}</span>
            <span className="status">{each.status}</span>
            <span className="ms">{each.ms < 10 ? each.ms.toFixed(1) : Math.round(each.ms)} ms</span>
          </li>
        ))}
        {rows.length === 0 && <li className="none">Nobody has called anybody yet.</li>}
      </ol>
    </>
  );
}
