import { StrictMode, useEffect, useRef } from "react";
import { createRoot } from "react-dom/client";
import "slack-blocks-to-jsx/dist/style.css";
import "./style/page.css";
import { beginAddress } from "./address.js";
import { CanvasSheet } from "./canvas.jsx";
import { Conversation } from "./conversation.jsx";
import { Deck } from "./deck.jsx";
import { Guide } from "./guide.jsx";
import { Help, JUMP_KEYS, useKeys } from "./help.jsx";
import { Icon, Mark } from "./icons.jsx";
import { split, useTold } from "./incident.jsx";
import { Jump } from "./jump.jsx";
import { connect } from "./live.js";
import { Lost } from "./lost.jsx";
import { Modals } from "./modal.jsx";
import { Person, Rail } from "./rail.jsx";
import { dismiss, set, useStore } from "./store.js";
import { Stumble } from "./stumble.jsx";
import { theme, useTheme } from "./theme.js";

function Page() {
  const tab = useStore((now) => now.tab);
  const menu = useStore((now) => now.menu);
  const opened = useStore((now) => now.me !== "");
  const lost = useStore((now) => now.lost);
  useKeys();
  useTitle();
  useDrawersFocus(menu);
  if (!opened) return <Opening />;
  return (
    <div className="page" data-tab={tab} data-menu={menu || undefined} data-lost={lost || undefined}>
      <Top />
      <Rail />
      {menu && <div className="veil" aria-hidden="true" onClick={() => set({ menu: false })} />}
      <Lost />
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

// Whoever opens the drawer stands in it, and whoever leaves it at what opens it.
function useDrawersFocus(open) {
  const was = useRef(open);
  useEffect(() => {
    if (was.current === open) return;
    was.current = open;
    document.querySelector(open ? ".rail .item[aria-current], .rail .item" : ".burger")?.focus();
  }, [open]);
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
      <Lost />
      <Warnings />
    </div>
  );
}

// The tab says how the newest incident stands, for who works elsewhere meanwhile.
function useTitle() {
  const told = useTold();
  const newest = useStore((now) => now.deck.incidents.at(-1));
  const lost = useStore((now) => now.lost);
  const says = lost ? "Not connected · " : newest ? `${split(told(newest.status))[0]} · ${newest.facts.split(" · ")[0]} · ` : "";
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

function Warnings() {
  const warnings = useStore((now) => now.warnings);
  return (
    <div className="warnings" role="alert">
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
beginAddress();
connect();
// What a guard has caught is drawn as a sentence; it is no error of the page.
createRoot(document.getElementById("page"), { onCaughtError: () => {} }).render(
  <StrictMode>
    <Stumble>
      <Page />
    </Stumble>
  </StrictMode>,
);
