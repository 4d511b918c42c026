// The middle: a channel, a thread, a direct conversation, or the app's Home.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Blocks, Guard } from "./blocks.jsx";
import { Composer } from "./composer.jsx";
import { FIRST, turn } from "./faults.jsx";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { MessageRow } from "./message.jsx";
import { go, talkOf, useStore } from "./store.js";
import { day } from "./words.js";

const TOGETHER_S = 300;
const NEAR_PX = 80;
const FAR_PX = 600;
const TURN_MS = 2500;
const NONE = [];

export function Conversation() {
  const place = useStore((now) => now.place);
  const heard = useStore((now) => now.heard);
  return (
    <main className="panel conversation" aria-label="Conversation">
      <p className="unseen" aria-live="polite">
        {heard}
      </p>
      {place.kind === "home" ? <Home /> : place.kind === "thread" ? <Thread place={place} /> : <Channel place={place} />}
    </main>
  );
}

function Channel({ place }) {
  const direct = place.kind === "dm";
  const channel = useStore((now) => now.channels.find((each) => (direct ? each.kind === "im" : each.id === place.channel)));
  const { list } = useStore(talkOf(channel?.id ?? ""));
  const shown = useMemo(() => list.filter((each) => !each.thread_ts || each.thread_ts === each.ts || each.subtype === "thread_broadcast"), [list]);
  const name = direct ? "FixLoop" : (channel?.name ?? "");
  return (
    <>
      <Head icon={direct ? "bot" : iconOf(channel)} title={name} note={direct ? "Direct conversation" : channel && membersNote(channel)}>
        {channel?.bookmarks?.length > 0 && (
          <span className="bookmarks">
            {channel.bookmarks.map((each) => (
              <span key={each.id}>
                <Icon name="book" size={13} /> {each.title}
              </span>
            ))}
          </span>
        )}
      </Head>
      <Messages key={channel?.id ?? "none"} list={shown} empty={<Quiet direct={direct} name={name} />} />
      <Assistant at={`${channel?.id}:`} />
      <Bottom channel={channel} place={place} name={name} direct={direct} />
    </>
  );
}

export const iconOf = (channel) => (channel?.archived ? "archive" : channel?.kind === "private" ? "lock" : "hash");

const membersNote = (channel) => (channel.archived ? "archived" : `${channel.members.length} members`);

function Bottom({ channel, place, name, direct }) {
  const hears = useStore((now) => now.offers.messages);
  if (channel?.archived) return <p className="closed">#{name} is archived. Nobody can write here.</p>;
  if (channel && !channel.joined) {
    return (
      <p className="closed">
        You are looking at #{name}.{" "}
        <button type="button" className="button" onClick={() => act("join", { channel: channel.id })}>
          Join
        </button>
      </p>
    );
  }
  if (direct && !hears) return <p className="closed">Sending messages to this app has been turned off.</p>;
  return <Composer key={place.channel} channel={direct ? "" : place.channel} placeholder={direct ? "Message FixLoop" : `Message #${name}`} />;
}

function Thread({ place }) {
  const { list } = useStore(talkOf(place.channel));
  const channel = useStore((now) => now.channels.find((each) => each.id === place.channel));
  const incident = useStore((now) => now.deck.incidents.find((each) => each.ts === place.ts && each.channel === place.channel));
  const shown = useMemo(() => list.filter((each) => each.ts === place.ts || each.thread_ts === place.ts), [list, place.ts]);
  const back = () => go({ kind: channel?.kind === "im" ? "dm" : "channel", channel: place.channel, ts: "" });
  return (
    <>
      <Head icon="thread" title={incident?.title || "Thread"} note={channel && channel.kind !== "im" ? `#${channel.name}` : "FixLoop"} onBack={back} tone={incident?.tone} />
      {/* Keys are unique among brothers: with the same one twice React keeps the old thread beside the new one. */}
      <Messages key={`messages ${place.ts}`} list={shown} inThread empty={<p className="quiet">This thread is gone.</p>} />
      <Assistant at={`${place.channel}:${place.ts}`} place={place} />
      <Composer key={`composer ${place.ts}`} channel={place.channel} thread={place.ts} placeholder="Reply, or ask @fixloop" />
    </>
  );
}

function Head({ icon, title, note, onBack, tone, children }) {
  return (
    <header className="head">
      {onBack ? (
        <button type="button" className="button square ghost" aria-label="Back to the channel" title="Back to the channel" onClick={onBack}>
          <Icon name="back" />
        </button>
      ) : (
        <span className="lead">
          <Icon name={icon} />
        </span>
      )}
      {tone && <span className={`dot ${tone}`} aria-hidden="true" />}
      <h1>{title}</h1>
      <span className="muted">{note}</span>
      {children}
    </header>
  );
}

function Messages({ list, inThread = false, empty }) {
  const scroller = useRef(null);
  const inner = useRef(null);
  const pinned = useRef(true);
  const [far, setFar] = useState(false);
  const down = () => {
    if (pinned.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  useLayoutEffect(down, [list]);
  useEffect(() => {
    const watcher = new ResizeObserver(down);
    watcher.observe(inner.current);
    watcher.observe(scroller.current);
    return () => watcher.disconnect();
  }, []);
  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current;
    pinned.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    setFar(scrollHeight - scrollTop - clientHeight > FAR_PX);
  };
  const toNewest = () => {
    pinned.current = true;
    down();
  };
  return (
    <div className="scrolled">
      <div className="messages" ref={scroller} onScroll={scrolled} tabIndex={0} role="log" aria-label="Messages" aria-live="off">
        <div ref={inner} className="inner">
          {list.length === 0 && empty}
          {list.map((message, index) => {
            const before = list[index - 1];
            const opensDay = !inThread && (!before || day(before.ts) !== day(message.ts));
            return (
              <div key={message.ts} className="slot">
                {opensDay && <p className="day">{day(message.ts)}</p>}
                <MessageRow message={message} inThread={inThread} first={inThread && index === 0} grouped={!opensDay && goesOn(before, message)} />
                {inThread && index === 0 && list.length > 1 && <p className="day">{list.length - 1 === 1 ? "1 reply" : `${list.length - 1} replies`}</p>}
              </div>
            );
          })}
        </div>
      </div>
      {far && (
        <button type="button" className="button newest" onClick={toNewest}>
          <Icon name="down" size={14} /> Newest
        </button>
      )}
    </div>
  );
}

// Short messages by the same person within five minutes share a head; a bot's cards each keep theirs.
function goesOn(before, message) {
  if (!before || before.user !== message.user || message.bot_id || message.is_ephemeral || before.is_ephemeral) return false;
  return before.thread_ts !== before.ts && message.ts - before.ts < TOGETHER_S;
}

// Slack turns an app's loading messages over while the app works; without any, its status stands there.
function useTurning(words = NONE) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    setTurn(0);
    if (words.length < 2) return undefined;
    const timer = setInterval(() => setTurn((now) => now + 1), TURN_MS);
    return () => clearInterval(timer);
  }, [words]);
  return words[turn % words.length] ?? "";
}

function Assistant({ at, place }) {
  const said = useStore((now) => now.assistant[at]);
  const loading = useTurning(said?.status ? said.loading : NONE);
  if (!said) return null;
  const ask = (prompt) => act("message", { channel: place.channel, thread_ts: place.ts, text: prompt.message });
  return (
    <div className="assistant" role="status">
      {said.status && (
        <p>
          <span className="pulse" aria-hidden="true" /> {loading || `FixLoop ${said.status}`}
        </p>
      )}
      {place && said.prompts?.prompts && (
        <div className="prompts">
          {said.prompts.prompts.map((each) => (
            <button key={each.title} type="button" className="button" onClick={() => ask(each)}>
              {each.title}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

function Quiet({ direct, name }) {
  const shop = useStore((now) => now.deck.faults.length > 0);
  const guided = useStore((now) => now.guide);
  if (direct) {
    return (
      <Teach icon="bot" title="Ask FixLoop">
        A question here is answered from what is known about every incident: “what is open?”, “why is checkout not proven?”
      </Teach>
    );
  }
  if (name !== "incidents") {
    return (
      <Teach icon="hash" title={`It is quiet in #${name}`}>
        FixLoop speaks in #incidents. What is said here stays among people.
      </Teach>
    );
  }
  if (!shop) {
    return (
      <Teach icon="pulse" title="All quiet">
        Your services are being watched. When one of them fails, its incident opens here as a thread.
      </Teach>
    );
  }
  return (
    <Teach icon="pulse" title="All quiet">
      Customers are shopping. Break something, and FixLoop opens an incident here, reproduces the bug, and waits for your fix.
      {!guided && (
        <span className="offer">
          <button type="button" className="button primary" onClick={() => turn(FIRST, "broken")}>
            Break {FIRST}
          </button>
        </span>
      )}
    </Teach>
  );
}

const Teach = ({ icon, title, children }) => (
  <div className="quiet big">
    <Icon name={icon} size={28} />
    <h2>{title}</h2>
    <p>{children}</p>
  </div>
);

function Home() {
  const home = useStore((now) => now.home);
  const has = useStore((now) => now.offers.home);
  const me = useStore((now) => now.me);
  useEffect(() => {
    if (has) act("open_home", {}, { quiet: true });
  }, [has, me]);
  const onAct = (block, element, value, dom) => actOnView(home, block, element, value, dom);
  return (
    <>
      <Head icon="home" title="FixLoop" note="Home" />
      <div className="messages" tabIndex={0} role="region" aria-label="App Home">
        <div className="inner home">
          {home ? <Guard><Blocks key={home.id} blocks={home.blocks} values={home.state?.values} onAct={onAct} /></Guard> : <p className="quiet">{has ? "FixLoop has not drawn its Home yet." : "This app has no Home tab."}</p>}
        </div>
      </div>
    </>
  );
}

export async function actOnView(view, { block_id }, { action_id, type, value: own }, value, dom) {
  dom?.setAttribute("aria-busy", "true");
  const stateless = type === "button" || type === "workflow_button" || type === "icon_button";
  await act("click_view", { view_id: view.id, action_id, block_id, value: stateless ? (own ?? null) : value });
  dom?.removeAttribute("aria-busy");
}
