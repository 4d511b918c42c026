// Scenarios that play by themselves, and the log of who has called whom.
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { useKeptFocus } from "./press.js";
import { useStore } from "./store.js";
import { clockS } from "./words.js";

const WAYS = { "to Slack": ["FixLoop", "Slack"], "from Slack": ["Slack", "FixLoop"], "to Datadog": ["FixLoop", "Datadog"], "from Datadog": ["Datadog", "FixLoop"] };

export function Scenarios() {
  const scenarios = useStore((now) => now.deck.scenarios);
  const play = useStore((now) => now.deck.play);
  return (
    <>
      {play ? <Playing play={play} /> : scenarios.length > 0 && <p className="lead-in">Each one breaks the shop, fixes it, validates, and says whether the verdict is the expected one.</p>}
      <ul className="scenarios">
        {scenarios.map((each) => (
          <li key={each.name} className={play?.going && play.name === each.name ? "going" : ""}>
            <button type="button" className="button square" aria-disabled={play?.going || undefined} aria-label={`Play ${each.name}`} title={play?.going ? "One is playing: stop it first" : `Play ${each.name}`} onClick={() => !play?.going && act("play", { name: each.name })}>
              <Icon name="play" size={14} />
            </button>
            <span className="what">
              <strong>{each.name}</strong>
              <span title={each.sees}>{each.sees}</span>
            </span>
            <span title="The expected verdict" className={`verdict ${each.expected.replace(" ", "-")}`}>{each.expected}</span>
          </li>
        ))}
        {scenarios.length === 0 && <li className="none">No scenarios with your own services.</li>}
      </ul>
    </>
  );
}

function Playing({ play }) {
  const kept = useKeptFocus();
  return (
    <div {...kept} className={`playing ${play.going || !play.verdict ? "" : play.verdict === play.expected ? "good" : "bad"}`} role="status">
      <strong>{play.name}</strong>
      {play.going && (
        <button type="button" className="button" onClick={() => act("stop")}>
          <Icon name="stop" size={13} /> Stop
        </button>
      )}
      <span>{play.stage}</span>
    </div>
  );
}

export function Log() {
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
            <span className="call" title={each.what}>
              {each.what}
            </span>
            <span className="status">{each.status}</span>
            <span className="ms">{each.ms < 10 ? each.ms.toFixed(1) : Math.round(each.ms)} ms</span>
          </li>
        ))}
        {rows.length === 0 && <li className="none">Nobody has called anybody yet.</li>}
      </ol>
    </>
  );
}
