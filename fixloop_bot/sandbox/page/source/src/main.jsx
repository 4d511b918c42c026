import { StrictMode, useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "slack-blocks-to-jsx/dist/style.css";
import "./style/page.css";
import { CanvasSheet } from "./canvas.jsx";
import { Conversation } from "./conversation.jsx";
import { Deck } from "./deck.jsx";
import { Guide } from "./guide.jsx";
import { Help, JUMP_KEYS, useKeys } from "./help.jsx";
import { Icon, Mark } from "./icons.jsx";
import { split } from "./incident.jsx";
import { act, connect } from "./live.js";
import { Modals } from "./modal.jsx";
import { Person, Rail } from "./rail.jsx";
import { dismiss, go, set, useStore } from "./store.js";
import { nextTheme, theme, useTheme } from "./theme.js";

function Page() {
  const tab = useStore((now) => now.tab);
  const menu = useStore((now) => now.menu);
  const opened = useStore((now) => now.me !== "");
  useKeys();
  useTitle();
  if (!opened) return <Opening />;
  return (
    <div className="page" data-tab={tab} data-menu={menu || undefined}>
      <Top />
      <Rail />
      {menu && <div className="veil" aria-hidden="true" onClick={() => set({ menu: false })} />}
      <Guide />
      <Conversation />
      <Deck />
      <Bottom />
      <Modals />
      <CanvasSheet />
      <Jump />
      <Help />
      <Warnings />
    </div>
  );
}

// Until the first snapshot: the page's own outline, so that nothing is claimed that is not known yet.
function Opening() {
  return (
    <div className="page opening" data-tab="talk" aria-busy="true" aria-label="Opening the sandbox">
      <Top />
      {["rail", "conversation", "deck"].map((name) => (
        <div key={name} className={`panel ${name}`}>
          {[72, 48, 60, 36].map((width) => (
            <span key={width} className="bone" style={{ width: `${width}%` }} />
          ))}
        </div>
      ))}
      <Warnings />
    </div>
  );
}

// The tab says how the newest incident stands, for who works elsewhere meanwhile.
function useTitle() {
  const newest = useStore((now) => now.deck.incidents.at(-1));
  const says = newest ? `${split(newest.status)[0]} · ${newest.facts.split(" · ")[0]} · ` : "";
  useEffect(() => {
    document.title = `${says}FixLoop sandbox`;
  }, [says]);
}

function Top() {
  const connected = useStore((now) => now.connected);
  const ever = useStore((now) => now.everConnected);
  const menu = useStore((now) => now.menu);
  const [now, next] = useTheme();
  return (
    <header className="top">
      <button type="button" className="button square ghost burger" aria-label="Channels" aria-expanded={menu} onClick={() => set({ menu: !menu })}>
        <Icon name="menu" />
      </button>
      <span className="brand">
        <Mark />
        <strong>FixLoop</strong> <span>sandbox</span>
      </span>
      <button type="button" className="jump-open" onClick={() => set({ jump: true })}>
        <Icon name="search" size={14} /> <span>Jump, break, fix, play…</span> <kbd>{JUMP_KEYS.join(" ")}</kbd>
      </button>
      <span className={`link ${connected ? "on" : "off"}`} role="status">
        <span className={`dot ${connected ? "good" : "busy"}`} aria-hidden="true" />
        <span>{connected ? "Live" : ever ? "Reconnecting" : "Connecting"}</span>
      </span>
      <button type="button" className="button square ghost keys-open" onClick={() => set({ help: true })} aria-label="Keys" title="Keys (?)">
        <Icon name="help" />
      </button>
      <button type="button" className="button square ghost" onClick={next} aria-label={`Theme: ${now}`} title={`Theme: ${now}`}>
        <Icon name={theme() === "dark" ? "moon" : "sun"} />
      </button>
      <span className="top-person">
        <Person />
      </span>
    </header>
  );
}

const TABS = [
  ["spaces", "menu", "Workspace"],
  ["talk", "thread", "Thread"],
  ["deck", "pulse", "Deck"],
];

function Bottom() {
  const tab = useStore((now) => now.tab);
  const unread = useStore((now) => Object.values(now.unread).reduce((sum, each) => sum + each, 0));
  return (
    <nav className="bottom" aria-label="Parts of the page">
      {TABS.map(([name, icon, label]) => (
        <button key={name} type="button" aria-current={tab === name ? "page" : undefined} onClick={() => set({ tab: name })}>
          <Icon name={icon} size={18} />
          {label}
          {name === "spaces" && unread > 0 && <span className="badge">{unread}</span>}
        </button>
      ))}
    </nav>
  );
}

// ⌘K: every place, fault and scenario by name.
function Jump() {
  const open = useStore((now) => now.jump);
  const dialog = useRef(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
  }, [open]);
  if (!open) return null;
  return (
    <dialog ref={dialog} className="sheet jump" aria-label="Jump or do" onClose={() => set({ jump: false })} onClick={(event) => event.target === dialog.current && set({ jump: false })}>
      <JumpList />
    </dialog>
  );
}

function JumpList() {
  const [wanted, setWanted] = useState("");
  const [chosen, setChosen] = useState(0);
  const all = useStore((now) => now);
  const entries = choices(all).filter((each) => each.label.toLowerCase().includes(wanted.toLowerCase())).slice(0, 12);
  const run = (entry) => {
    set({ jump: false });
    entry?.run();
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setChosen((now) => (now + step + entries.length) % Math.max(1, entries.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(entries[chosen]);
    }
  };
  return (
    <>
      <input autoFocus type="text" placeholder="Jump to a thread, break or fix something…" aria-label="Jump or do" value={wanted} onKeyDown={keys} onChange={(event) => (setWanted(event.target.value), setChosen(0))} />
      <ul role="listbox" aria-label="Choices">
        {entries.map((each, index) => (
          <li key={each.label} role="option" aria-selected={index === chosen} onClick={() => run(each)}>
            <Icon name={each.icon} size={14} /> {each.label}
          </li>
        ))}
        {entries.length === 0 && <li className="none">Nothing by that name.</li>}
      </ul>
    </>
  );
}

function choices(now) {
  const threads = [...now.deck.incidents].reverse().map((each) => ({ icon: "thread", label: each.title, run: () => go({ kind: "thread", channel: each.channel, ts: each.ts }) }));
  const channels = now.channels.filter((each) => each.kind !== "im").map((each) => ({ icon: "hash", label: `#${each.name}`, run: () => go({ kind: "channel", channel: each.id, ts: "" }) }));
  const on = now.deck.faults.filter((each) => each.state === "broken" || each.state === "half-fixed");
  const fix = on.map((each) => ({ icon: "wrench", label: `Fix ${each.name}`, run: () => act("break", { name: each.name, state: "fixed" }) }));
  const half = on.map((each) => ({ icon: "wrench", label: `Half-fix ${each.name}`, run: () => act("break", { name: each.name, state: "half-fixed" }) }));
  const break_ = now.deck.faults.filter((each) => !on.includes(each)).map((each) => ({ icon: "bolt", label: `Break ${each.name}`, run: () => act("break", { name: each.name, state: "broken" }) }));
  const play = now.deck.scenarios.map((each) => ({ icon: "play", label: `Play ${each.name}`, run: () => act("play", { name: each.name }) }));
  const home = { icon: "home", label: "FixLoop Home", run: () => go({ kind: "home", channel: "", ts: "" }) };
  const look = { icon: "sun", label: "Change the theme", run: nextTheme };
  return [...fix, ...half, ...threads, ...channels, home, look, ...break_, ...play];
}

function Warnings() {
  const warnings = useStore((now) => now.warnings);
  const lost = useStore((now) => now.lost);
  return (
    <div className="warnings" role="alert">
      {lost && (
        <p className="busy">
          <span>
            The sandbox does not answer. Is <code>fixloop sandbox</code> still running? The page comes back by itself.
          </span>
        </p>
      )}
      {warnings.map((each) => (
        <p key={each.at} className={each.tone}>
          <span>{each.text}</span>
          <button type="button" className="button square ghost" aria-label="Dismiss" onClick={() => dismiss(each.at)}>
            <Icon name="close" size={14} />
          </button>
        </p>
      ))}
    </div>
  );
}

theme.begin();
connect();
// What a guard has caught is drawn as a sentence; it is no error of the page.
createRoot(document.getElementById("page"), { onCaughtError: () => {} }).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
