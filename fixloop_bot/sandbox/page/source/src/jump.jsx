// ⌘K: every place, fault and scenario by name.
import { useEffect, useId, useState } from "react";
import { useDialog } from "./dialog.js";
import { isOn, turn } from "./faults.jsx";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { go, set, useStore } from "./store.js";
import { nextTheme } from "./theme.js";

const SHOWN = 12;

export function Jump() {
  return useStore((now) => now.jump) ? <Sheet /> : null;
}

function Sheet() {
  const dialog = useDialog();
  return (
    <dialog ref={dialog} className="sheet jump" aria-label="Jump or do" onClose={() => set({ jump: false })} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      {/* Closed first, so that the focus goes back to where it was, before the deed may send it elsewhere. */}
      <List onPick={(entry) => (dialog.current.close(), entry.run())} />
    </dialog>
  );
}

function List({ onPick }) {
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState(0);
  const list = useId();
  const all = useStore((now) => now);
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = choices(all).filter((each) => words.every((word) => each.label.toLowerCase().includes(word)));
  const entries = fitting.slice(0, SHOWN);
  const at = Math.min(chosen, entries.length - 1);
  useEffect(() => {
    document.getElementById(`${list}${at}`)?.scrollIntoView({ block: "nearest" });
  }, [list, at]);
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Enter") return;
    event.preventDefault();
    if (step && entries.length) setChosen((at + step + entries.length) % entries.length);
    else if (entries[at]) onPick(entries[at]);
  };
  return (
    <>
      <input
        autoFocus
        type="text"
        role="combobox"
        placeholder="Jump to a thread, break or fix something…"
        aria-label="Jump or do"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={entries.length ? `${list}${at}` : undefined}
        value={wanted}
        onKeyDown={keys}
        onChange={(event) => (setWanted(event.target.value), setChosen(0))}
      />
      <ul role="listbox" id={list} aria-label="Choices">
        {entries.map((each, index) => (
          <li key={each.label} id={`${list}${index}`} role="option" aria-selected={index === at} onClick={() => onPick(each)}>
            <Icon name={each.icon} size={14} /> {each.label}
          </li>
        ))}
      </ul>
      <p className="none" role="status">
        {fitting.length === 0 ? "Nothing by that name." : fitting.length > SHOWN ? `${fitting.length - SHOWN} more: type a part of the name.` : ""}
      </p>
    </>
  );
}

function choices({ deck, channels }) {
  const threads = [...deck.incidents].reverse().map((each) => ({ icon: "thread", label: `${each.facts.split(" · ")[0]} ${each.title}`, run: () => go({ kind: "thread", channel: each.channel, ts: each.ts }) }));
  const places = channels.filter((each) => each.kind !== "im").map((each) => ({ icon: "hash", label: `#${each.name}`, run: () => go({ kind: "channel", channel: each.id, ts: "" }) }));
  const on = deck.faults.filter(isOn);
  const fix = on.map((each) => ({ icon: "wrench", label: `Fix ${each.name}`, run: () => turn(each.name, "fixed") }));
  const half = on.map((each) => ({ icon: "wrench", label: `Half-fix ${each.name}`, run: () => turn(each.name, "half-fixed") }));
  const breaks = deck.faults.filter((each) => !isOn(each)).map((each) => ({ icon: "bolt", label: `Break ${each.name}`, run: () => turn(each.name, "broken") }));
  const going = deck.play?.going;
  const play = going ? [] : deck.scenarios.map((each) => ({ icon: "play", label: `Play ${each.name}`, run: () => act("play", { name: each.name }) }));
  const stop = going ? [{ icon: "stop", label: `Stop playing ${deck.play.name}`, run: () => act("stop") }] : [];
  const home = { icon: "home", label: "FixLoop Home", run: () => go({ kind: "home", channel: "", ts: "" }) };
  const direct = { icon: "bot", label: "FixLoop Messages", run: () => go({ kind: "dm", channel: "", ts: "" }) };
  const look = { icon: "sun", label: "Change the theme", run: nextTheme };
  return [...stop, ...fix, ...half, ...threads, ...places, home, direct, look, ...breaks, ...play];
}
