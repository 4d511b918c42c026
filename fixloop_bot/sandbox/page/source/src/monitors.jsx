// What Datadog sees: the error rate, the latency and whatever alerts have a chart; the others one line together.
import { useState } from "react";
import { Chart } from "./chart.jsx";
import { Icon } from "./icons.jsx";
import { useStore } from "./store.js";
import { plural, reading } from "./words.js";

const EMPTY = new Map();
const TONES = { OK: "good", Alert: "bad", Warn: "busy", "No Data": "open" };

export function Monitors() {
  const monitors = useStore((now) => now.deck.monitors);
  if (!monitors.length) return <p className="none">No monitors in this Datadog yet. They appear as soon as one is made.</p>;
  const latency = monitors.find((each) => /latency|duration/.test(each.query));
  const isLarge = (each) => each === monitors[0] || each === latency || each.state === "Alert";
  const large = monitors.filter(isLarge);
  const small = monitors.filter((each) => !isLarge(each));
  return (
    <section className="monitors" aria-label="Monitors">
      {large.map((each, index) => (
        <Monitor key={each.number} monitor={each} first={index === 0} />
      ))}
      {small.length > 0 && <Others monitors={small} />}
    </section>
  );
}

function Monitor({ monitor, first }) {
  const alerts = monitor.state === "Alert";
  return (
    <div className={`monitor ${alerts ? "alerts" : ""}`}>
      <h3>
        <span className="title" title={monitor.name}>
          {monitor.name}
        </span>
        <strong className={`value ${alerts ? "bad" : ""}`}>{reading(monitor.value, monitor.query)}</strong>
        <span className="limit-word">
          {monitor.comparator.startsWith("<") ? "at least" : "limit"} {reading(monitor.limit, monitor.query)}
        </span>
        <State state={monitor.state} />
      </h3>
      <Drawn monitor={monitor} worded={first} />
    </div>
  );
}

function Drawn({ monitor, small, worded }) {
  const charts = useStore((now) => now.deck.charts);
  return charts && <Chart points={charts.lines[monitor.number] ?? EMPTY} monitor={monitor} shown={charts.shown} marks={charts.marks} small={small} worded={worded} />;
}

function Others({ monitors }) {
  const [open, setOpen] = useState(false);
  const counts = Object.entries(grouped(monitors));
  return (
    <div className="others">
      <button type="button" className="more-monitors" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "down" : "right"} size={14} />
        <span>{plural(monitors.length, "more monitor")}</span>
        {counts.map(([state, each]) => (
          <State key={state} state={state} count={each.length} />
        ))}
      </button>
      {open && (
        <ul className="small">
          {monitors.map((each) => (
            <li key={each.number}>
              <span className="title" title={each.name}>
                {each.name}
              </span>
              <Drawn monitor={each} small />
              <span className="value">{reading(each.value, each.query)}</span>
              <State state={each.state} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function grouped(monitors) {
  const groups = {};
  for (const each of monitors) (groups[each.state] ??= []).push(each);
  return groups;
}

const State = ({ state, count }) => <span className={`pill ${TONES[state] ?? "open"}`}>{count ? `${count} ${state}` : state}</span>;
