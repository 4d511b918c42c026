// The first minute: what to do next, in five stages that follow what has happened. Put away, it stays away.
import { useState } from "react";
import { Confirm } from "./confirm.jsx";
import { FIRST, isOn, turn } from "./faults.jsx";
import { Icon } from "./icons.jsx";
import { pressed } from "./incident.jsx";
import { keep } from "./keeping.js";
import { go, set, useStore } from "./store.js";

const STAGES = ["Break", "Watch", "Fix", "Validate", "Proven"];

export function bringGuide(shown) {
  keep("guide", shown ? "" : "away");
  set({ guide: shown });
}

export function Guide() {
  const wanted = useStore((now) => now.guide && now.everConnected);
  const hasShop = useStore((now) => now.deck.faults.length > 0);
  return wanted && hasShop ? <Path /> : null;
}

function Path() {
  const { at, says, does } = useStage();
  const proven = at === STAGES.length - 1;
  return (
    <section className={`panel guide ${proven ? "proven" : ""}`} aria-label="First steps">
      <ol>
        {STAGES.map((name, index) => (
          <li key={name} className={index < at || (proven && index === at) ? "done" : index === at ? "current" : ""} aria-current={index === at ? "step" : undefined}>
            <span className="number">{index < at || proven ? <Icon name="check" size={12} /> : index + 1}</span>
            <span className="stage">{name}</span>
          </li>
        ))}
      </ol>
      <p role="status">{says}</p>
      {does.length > 0 && (
        <span className="does">
          {does.map((each) => (
            <Deed key={each.label} {...each} />
          ))}
        </span>
      )}
      <button type="button" className="button square ghost away" aria-label="Put the first steps away" title="Put the first steps away" onClick={() => bringGuide(false)}>
        <Icon name="close" size={14} />
      </button>
    </section>
  );
}

function Deed({ label, run, style = "", confirm }) {
  const [asked, setAsked] = useState(false);
  return (
    <>
      <button type="button" className={`button ${style}`} onClick={(event) => (confirm ? setAsked(true) : run(event.currentTarget))}>
        {label}
      </button>
      {asked && <Confirm confirm={confirm} done={run} undo={() => {}} onEnd={() => setAsked(false)} />}
    </>
  );
}

// Which stage it is follows from the switches and from the incident, never from what was clicked here.
function useStage() {
  const faults = useStore((now) => now.deck.faults);
  const place = useStore((now) => now.place);
  const incident = useStore((now) => now.deck.incidents.at(-1) ?? null);
  const on = faults.filter(isOn);
  const open = incident && incident.tone !== "good";
  if (on.length && !open) return watching(on[0]);
  if (on.length) return failing(incident, on[0], place);
  if (!incident) return { at: 0, says: "Break the shop on purpose: the first fault makes every checkout fail.", does: [{ label: `Break ${FIRST}`, run: () => turn(FIRST, "broken"), style: "primary" }] };
  return open ? mended(incident) : proven();
}

function watching(fault) {
  return { at: 1, says: `${fault.name} is on. In a few seconds Datadog alerts, and FixLoop opens a thread here by itself.`, does: [] };
}

function failing(incident, fault, place) {
  const steps = incident.run?.steps ?? [];
  const reproduced = steps.some((each) => each.mark === "failed");
  const inside = place.kind === "thread" && place.ts === incident.ts;
  const there = inside ? [] : [{ label: "Open the thread", run: () => go({ kind: "thread", channel: incident.channel, ts: incident.ts }) }];
  if (!reproduced) return { at: 1, says: "FixLoop writes a plan and runs it at once, to see the bug with its own eyes.", does: there };
  const half = fault.state === "half-fixed";
  const refused = incident.run.heading.startsWith("Validate");
  const says = !half ? "Reproduced: the steps fail as customers do. Now mend the shop." : refused ? "Not recovered: a half-fix is no proof. Now fix it in full." : "Half-fixed: press Validate and see it refused, or fix it in full.";
  const does = [{ label: `Fix ${fault.name}`, run: () => turn(fault.name, "fixed"), style: "primary" }];
  return { at: 2, says, does: half ? does : [...does, { label: "Half-fix", run: () => turn(fault.name, "half-fixed") }] };
}

function mended(incident) {
  const steps = incident.run?.steps ?? [];
  const decided = steps.filter((each) => each.mark !== "running").length;
  const validating = incident.run?.heading.startsWith("Validate") && decided < steps.length;
  if (validating) return { at: 3, says: `The same steps run again: ${decided} of ${steps.length} decided.`, does: [] };
  const button = incident.buttons.find((each) => each.action_id === "validate");
  const does = button ? [{ label: "Validate", run: (dom) => pressed(incident, button, dom), style: "primary", confirm: button.confirm }] : [];
  return { at: 3, says: "Mended, but is it proven? Run the very same steps again.", does };
}

function proven() {
  const says = "What failed before passes now. Ask @fixloop about it, or play a scenario.";
  return { at: 4, says, does: [{ label: "Scenarios", run: () => set({ pane: "play", tab: "deck" }) }, { label: "Done", run: () => bringGuide(false), style: "primary" }] };
}
