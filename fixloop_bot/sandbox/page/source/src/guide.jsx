// The first minute: what to do next, in five stages that follow what has happened. Put away, it stays away.
import { useState } from "react";
import { Confirm } from "./confirm.jsx";
import { FIRST, isOn, turn } from "./faults.jsx";
import { Icon } from "./icons.jsx";
import { pressed } from "./incident.jsx";
import { keep } from "./keeping.js";
import { act } from "./live.js";
import { isAgain, useKeptFocus } from "./press.js";
import { go, isOver, set, useStore } from "./store.js";

const STAGES = ["Break", "Watch", "Fix", "Validate", "Proven"];

export function bringGuide(shown) {
  keep("guide", shown ? "" : "away");
  set({ guide: shown });
}

export function Guide() {
  const wanted = useStore((now) => now.guide && now.everConnected && !now.lost);
  const hasShop = useStore((now) => now.deck.faults.length > 0);
  return wanted && hasShop ? <Path /> : null;
}

function Path() {
  const { at, says, does } = useStage();
  const proven = at === STAGES.length - 1;
  const kept = useKeptFocus();
  return (
    <section {...kept} className={`panel guide ${proven ? "proven" : ""}`} aria-label="First steps">
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
      <button type="button" className="button square ghost away" aria-label="Put the first steps away" title="Put the first steps away" onClick={away}>
        <Icon name="close" size={14} />
      </button>
    </section>
  );
}

// Whoever uses keys stands then at what brings the first steps back.
function away() {
  bringGuide(false);
  document.querySelector(".keys-open")?.focus();
}

function Deed({ label, run, style = "", confirm }) {
  const [asked, setAsked] = useState(false);
  const press = (event) => {
    if (isAgain(event)) return;
    if (confirm) setAsked(true);
    else run(event.currentTarget);
  };
  return (
    <>
      <button type="button" className={`button ${style}`} onClick={press}>
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
  const play = useStore((now) => now.deck.play);
  const stage = stageOf(faults, incident, place);
  return play?.going ? { ...stage, says: `${play.name} plays by itself. ${play.stage}`, does: [{ label: "Stop", run: () => act("stop") }] } : stage;
}

function stageOf(faults, incident, place) {
  const on = faults.filter(isOn);
  const open = incident && !isOver(incident);
  if (on.length && !open) return watching(on[0]);
  if (on.length) return failing(incident, on[0], place);
  if (!incident || (!open && incident.tone !== "good")) return beginning(incident);
  return open ? mended(incident) : proven();
}

function beginning(unproven) {
  const says = unproven ? "Resolved, but never proven. Break the shop again to see a proof." : "Break the shop on purpose: the first fault makes every checkout fail.";
  return { at: 0, says, does: [{ label: `Break ${FIRST}`, run: () => turn(FIRST, "broken"), style: "primary" }] };
}

function watching(fault) {
  return { at: 1, says: `${fault.name} is on. In a few seconds Datadog alerts, and FixLoop opens a thread here by itself.`, does: [] };
}

// Before a validation has been tried, and after it was refused.
const WORDS = {
  broken: ["Reproduced: the steps fail as customers do. Now mend the shop.", "Not recovered: the same steps still fail. Now mend the shop."],
  half: ["Half-fixed: press Validate and see it refused, or fix it in full.", "Not recovered: a half-fix is no proof. Now fix it in full."],
};

function failing(incident, fault, place) {
  const steps = incident.run?.steps ?? [];
  const reproduced = steps.some((each) => each.mark === "failed");
  const inside = place.kind === "thread" && place.ts === incident.ts;
  const there = inside ? [] : [{ label: "Open the thread", run: () => go({ kind: "thread", channel: incident.channel, ts: incident.ts }) }];
  if (!reproduced) return { at: 1, says: "FixLoop writes a plan and runs it at once, to see the bug with its own eyes.", does: there };
  const half = fault.state === "half-fixed";
  const refused = incident.run.heading.startsWith("Validate");
  const says = WORDS[half ? "half" : "broken"][refused ? 1 : 0];
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
  const says = button ? "Mended, but is it proven? Run the very same steps again." : "Mended. The run that is going ends first, then the same steps are validated.";
  return { at: 3, says, does };
}

function proven() {
  const says = "What failed before passes now. Ask @fixloop about it, or play a scenario.";
  return { at: 4, says, does: [{ label: "Scenarios", run: () => set({ pane: "play", tab: "deck" }) }, { label: "Done", run: away, style: "primary" }] };
}
