// The left: incidents' threads, channels, the app, and whom one is.
import { iconOf } from "./conversation.jsx";
import { Icon } from "./icons.jsx";
import { split, useTold } from "./incident.jsx";
import { become } from "./live.js";
import { Avatar } from "./message.jsx";
import { Popup } from "./popup.jsx";
import { go, placeKey, set, useStore } from "./store.js";

export function Rail() {
  const place = useStore((now) => now.place);
  const channels = useStore((now) => now.channels);
  const incidents = useStore((now) => now.deck.incidents);
  const offers = useStore((now) => now.offers);
  const told = useTold();
  const here = placeKey(place);
  return (
    <nav className="panel rail" aria-label="Workspace">
      <Section title="Threads" aside={<Follow />}>
        {incidents.length === 0 && <p className="none">None yet. Each incident gets a thread, and it is listed here.</p>}
        {incidents
          .slice(-8)
          .reverse()
          .map((each) => (
            <Item key={each.ts} at={{ kind: "thread", channel: each.channel, ts: each.ts }} here={here} lead={<span className={`dot ${each.tone}`} aria-hidden="true" />} note={`${split(told(each.status))[0]} · ${symptom(each)}`} aside={short(each)} title={each.title}>
              {service(each)}
            </Item>
          ))}
      </Section>
      <Section title="Channels">
        {channels
          .filter((each) => each.kind !== "im")
          .map((each) => (
            <Item key={each.id} at={{ kind: "channel", channel: each.id, ts: "" }} here={here} lead={<Icon name={iconOf(each)} />} dim={each.archived || !each.joined}>
              {each.name}
            </Item>
          ))}
      </Section>
      <Section title="FixLoop">
        {offers.home && (
          <Item at={{ kind: "home", channel: "", ts: "" }} here={here} lead={<Icon name="home" />}>
            Home
          </Item>
        )}
        <Item at={{ kind: "dm", channel: "", ts: "" }} here={here} lead={<Icon name="bot" />}>
          Messages
        </Item>
      </Section>
      <Person />
    </nav>
  );
}

// "checkout (prod) · Error rate of checkout is high · was 14 %", "INC-1 · SEV2 · since 15:36 UTC"
const service = (incident) => incident.title.split(" · ")[0];
const symptom = (incident) => incident.title.split(" · ").slice(1).join(" · ");
const short = (incident) => incident.facts.split(" · ")[0];

function Follow() {
  const follow = useStore((now) => now.follow);
  return (
    <label className="switch" title="Open the thread of a new incident by itself">
      <span>Follow</span>
      <input type="checkbox" role="switch" aria-label="Follow incidents" checked={follow} onChange={() => set({ follow: !follow })} />
    </label>
  );
}

function Section({ title, aside, children }) {
  return (
    <section>
      <div className="section-head">
        <h2>{title}</h2>
        {aside}
      </div>
      <ul>{children}</ul>
    </section>
  );
}

function Item({ at, here, lead, note, aside, title, dim, children }) {
  const key = placeKey(at);
  const unread = useStore((now) => now.unread[key] ?? 0);
  const current = key === here;
  return (
    <li>
      <button type="button" title={title} className={`item ${dim ? "dim" : ""} ${unread ? "unread" : ""} ${note ? "tall" : ""}`} aria-current={current ? "page" : undefined} onClick={() => go(at)}>
        <span className="lead">{lead}</span>
        <span className="name">
          {aside ? (
            <span className="line">
              <bdi>{children}</bdi>
              <span className="aside">{aside}</span>
            </span>
          ) : (
            <bdi>{children}</bdi>
          )}
          {note && <small>{note}</small>}
        </span>
        {unread > 0 && !current && <span className="badge" aria-label={`${unread} unread`}>{unread}</span>}
      </button>
    </li>
  );
}

export function Person() {
  const people = useStore((now) => now.people);
  const me = useStore((now) => now.me);
  return (
    <div className="person">
      <Popup
        className="item"
        label="Act as somebody else"
        trigger={
          <>
            <Avatar person={people[me]} size={28} />
            <span className="name">
              {people[me]?.real_name ?? "…"}
              <small>You act as {people[me]?.real_name.split(" ")[0]}</small>
            </span>
            <Icon name="down" size={14} />
          </>
        }
      >
        {(close) =>
          Object.values(people)
            .filter((each) => !each.is_bot)
            .map((each) => (
              <button key={each.id} type="button" role="menuitemradio" aria-checked={each.id === me} onClick={() => (close(), become(each.id))}>
                <Avatar person={each} size={24} /> {each.real_name}
              </button>
            ))
        }
      </Popup>
    </div>
  );
}
