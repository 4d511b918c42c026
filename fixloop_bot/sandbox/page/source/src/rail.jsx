// The left: incidents' threads, channels, the app, and whom one is.
import { iconOf } from "./conversation.jsx";
import { Icon } from "./icons.jsx";
import { become } from "./live.js";
import { Avatar } from "./message.jsx";
import { Popup } from "./popup.jsx";
import { go, placeKey, useStore } from "./store.js";

export function Rail() {
  const place = useStore((now) => now.place);
  const channels = useStore((now) => now.channels);
  const incidents = useStore((now) => now.deck.incidents);
  const offers = useStore((now) => now.offers);
  const here = placeKey(place);
  return (
    <nav className="panel rail" aria-label="Workspace">
      <Section title="Threads">
        {incidents.length === 0 && <p className="none">No incidents yet</p>}
        {incidents
          .slice(-8)
          .reverse()
          .map((each) => (
            <Item key={each.ts} long at={{ kind: "thread", channel: each.channel, ts: each.ts }} here={here} lead={<span className={`dot ${each.tone}`} />} note={shortFacts(each)}>
              {each.title}
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

const shortFacts = (incident) => incident.facts.split(" · ").slice(0, 3).join(" · ");

function Section({ title, children }) {
  return (
    <section>
      <h2>{title}</h2>
      <ul>{children}</ul>
    </section>
  );
}

function Item({ at, here, lead, note, dim, long, children }) {
  const key = placeKey(at);
  const unread = useStore((now) => now.unread[key] ?? 0);
  const current = key === here;
  return (
    <li>
      <button type="button" className={`item ${dim ? "dim" : ""} ${unread ? "unread" : ""}`} aria-current={current ? "page" : undefined} onClick={() => go(at)}>
        <span className="lead">{lead}</span>
        <span className="name">
          {long ? <span className="long">{children}</span> : children}
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
