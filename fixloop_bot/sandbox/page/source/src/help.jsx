// The keys, and what lists them: `?`.
import { useEffect } from "react";
import { useDialog } from "./dialog.js";
import { bringGuide } from "./guide.jsx";
import { Icon } from "./icons.jsx";
import { get, go, set, useStore } from "./store.js";
import { nextTheme } from "./theme.js";

const MAC = /mac/i.test(navigator.platform);
export const JUMP_KEYS = MAC ? ["⌘", "K"] : ["Ctrl", "K"];

const pane = (name) => () => {
  set({ tab: "deck", pane: name });
  requestAnimationFrame(() => document.getElementById(`tab-${name}`)?.focus());
};
const focus = (selector) => () => requestAnimationFrame(() => document.querySelector(selector)?.focus());

function newestThread() {
  const incident = get().deck.incidents.at(-1);
  if (incident) go({ kind: "thread", channel: incident.channel, ts: incident.ts });
}

// One key each, while nobody writes.
const KEYS = [
  ["?", "Show these keys", () => set({ help: true })],
  ["/", "Write a message or a command", () => (set({ tab: "talk" }), focus(".write textarea")())],
  ["f", "Find a fault", () => (pane("faults")(), focus(".find input")())],
  ["s", "Scenarios", pane("play")],
  ["l", "Log of calls", pane("log")],
  ["i", "The newest incident's thread", newestThread],
  ["g", "First steps, shown or put away", () => bringGuide(!get().guide)],
  ["t", "Dark or light", nextTheme],
];
const OTHERS = [
  [JUMP_KEYS, "Jump to a place, break, fix or play something"],
  [["Tab"], "From part to part; arrows inside tabs and menus"],
  [["Enter"], "Send; Shift Enter begins a new line"],
  [["Esc"], "Close what is open"],
];

export function useKeys() {
  useEffect(() => {
    const keys = (event) => {
      if (event.key === "Escape" && get().menu) set({ menu: false });
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (get().jump) document.querySelector("dialog.jump")?.close();
        else set({ jump: true });
        return;
      }
      const busy = event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]") || event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select");
      const found = !busy && KEYS.find(([key]) => key === event.key);
      if (!found) return;
      event.preventDefault();
      found[2]();
    };
    window.addEventListener("keydown", keys);
    return () => window.removeEventListener("keydown", keys);
  }, []);
}

export function Help() {
  const open = useStore((now) => now.help);
  return open ? <Sheet /> : null;
}

function Sheet() {
  const dialog = useDialog();
  const all = [...OTHERS, ...KEYS.map(([key, says]) => [[key], says])];
  return (
    <dialog ref={dialog} className="sheet help" aria-labelledby="help-title" onClose={() => set({ help: false })} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header className="sheet-head">
        <h2 id="help-title">Keys</h2>
        <button type="button" className="button square ghost" aria-label="Close" onClick={() => dialog.current.close()}>
          <Icon name="close" />
        </button>
      </header>
      <dl className="sheet-body">
        {all.map(([keys, says]) => (
          <div key={says}>
            <dt>
              {keys.map((each) => (
                <kbd key={each}>{each}</kbd>
              ))}
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <footer className="sheet-foot">
        <button type="button" className="button" onClick={() => (bringGuide(true), dialog.current.close())}>
          Show the first steps
        </button>
      </footer>
    </dialog>
  );
}
