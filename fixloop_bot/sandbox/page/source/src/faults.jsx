// The shop's switches. What is on, or was just mended, stands on top with all three positions; the rest can be broken.
import { memo, useMemo, useState } from "react";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { isAgain, useKeptFocus } from "./press.js";
import { useStore } from "./store.js";
import { clock } from "./words.js";

export const isOn = (fault) => fault.state === "broken" || fault.state === "half-fixed";
export const FIRST = "checkout-500";
const WORD = { broken: "Broken", "half-fixed": "Half-fixed", fixed: "Fixed" };
const TONE = { broken: "bad", "half-fixed": "busy", fixed: "good" };

export const turn = (name, state) => act("break", { name, state });

export function Faults() {
  const faults = useStore((now) => now.deck.faults);
  const [wanted, setWanted] = useState("");
  const shown = useMemo(() => {
    const words = wanted.toLowerCase();
    const fits = faults.filter((each) => `${each.name} ${each.sees}`.toLowerCase().includes(words));
    const rank = (each) => (isOn(each) ? 0 : each.state === "fixed" ? 1 : 2);
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
    const after = state === "half-fixed" ? fault.half : state === "fixed" ? fault.fix : fault.sees;
    const touched = state !== "off";
    const kept = useKeptFocus();
    return (
      <li {...kept} className={`fault ${state}`}>
        <div className="what">
          <strong>
            {name}
            {touched && (
              <span className={`pill ${TONE[state]}`}>
                {WORD[state]}
                {fault.since > 0 && ` ${clock(fault.since)}`}
              </span>
            )}
          </strong>
          <span title={after}>{after}</span>
        </div>
        {touched ? <Turn fault={fault} /> : <Break name={name} />}
      </li>
    );
  },
  (before, now) => before.fault.name === now.fault.name && before.fault.state === now.fault.state,
);

const Break = ({ name }) => (
  <button type="button" className="button break" onClick={(event) => !isAgain(event) && turn(name, "broken")} aria-label={`Break: ${name}`}>
    <Icon name="bolt" size={13} /> Break
  </button>
);

function Turn({ fault }) {
  const { name, state } = fault;
  // What is pressed stays where it is: once more would only begin the fault's time anew.
  const to = (wanted) => (event) => !isAgain(event) && wanted !== state && turn(name, wanted);
  return (
    <div className="turn" role="group" aria-label={`${name}: ${state}`}>
      <button type="button" aria-pressed={state === "broken"} className="break" onClick={to("broken")} aria-label={`Break: ${name}`}>
        <Icon name="bolt" size={13} /> {state === "broken" ? "Broken" : state === "fixed" ? "Break again" : "Break"}
      </button>
      <button type="button" aria-pressed={state === "half-fixed"} className="half" disabled={!isOn(fault)} onClick={to("half-fixed")} aria-label={`Half-fix: ${name}`}>
        {state === "half-fixed" ? "Half-fixed" : "Half-fix"}
      </button>
      <button type="button" aria-pressed={state === "fixed"} className="fix" onClick={to("fixed")} aria-label={`Fix: ${name}`}>
        <Icon name={state === "fixed" ? "check" : "wrench"} size={13} /> {state === "fixed" ? "Fixed" : "Fix"}
      </button>
    </div>
  );
}
