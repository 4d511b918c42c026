// One message: who, when, its blocks, files, reactions, and what one can do with it.
import { memo, useState } from "react";
import { get as emoji } from "node-emoji";
import { Blocks, Guard, fileOf } from "./blocks.jsx";
import { Icon, Mark } from "./icons.jsx";
import { act } from "./live.js";
import { Popup } from "./popup.jsx";
import { get, go, useStore, warn } from "./store.js";
import { clock, initials, plural } from "./words.js";

const REACTIONS = ["eyes", "white_check_mark", "+1", "-1", "tada", "fire", "rotating_light", "thinking_face", "pray", "raised_hands", "rocket", "heart"];
// Slack's names that the table of emoji does not know.
const OTHER = { "+1": "👍", "-1": "👎", thinking_face: "🤔" };
const glyph = (name) => OTHER[name] ?? emoji(name) ?? `:${name}:`;

export const MessageRow = memo(function MessageRow({ message, grouped, inThread, first }) {
  const author = useStore((now) => now.people[message.user]);
  const name = author?.real_name ?? message.username ?? "Somebody";
  const writing = message.streaming_state === "in_progress";
  const [near, setNear] = useState(false);
  const away = (event) => {
    const inside = event.currentTarget.contains(event.relatedTarget instanceof Node ? event.relatedTarget : null);
    if (!inside && !event.currentTarget.querySelector(":popover-open")) setNear(false);
  };
  return (
    <article tabIndex={0} onPointerEnter={() => setNear(true)} onPointerLeave={away} onFocus={() => setNear(true)} onBlur={away} className={`message ${grouped ? "grouped" : ""} ${message.is_ephemeral ? "whisper" : ""} ${first ? "root" : ""}`} id={`m${message.ts}`} aria-label={`${name}, ${clock(message.ts)}`}>
      <div className="gutter">{grouped ? <time className="when">{clock(message.ts)}</time> : <Avatar person={author} />}</div>
      <div className="body">
        {message.is_ephemeral && (
          <p className="only-you">
            <Icon name="eye" size={13} /> Only visible to you
          </p>
        )}
        {!grouped && (
          <header>
            <strong>{name}</strong>
            {author?.is_bot && <span className="app">App</span>}
            <time className="when">{clock(message.ts)}</time>
          </header>
        )}
        <Guard>
          <Content message={message} />
        </Guard>
        {writing && (
          <p className="writing">
            <span className="caret" aria-hidden="true" /> writing…
          </p>
        )}
        {message.files?.map((file) => <Attached key={file.id} file={file} />)}
        <Reactions message={message} />
        {!inThread && message.reply_count > 0 && <Replies message={message} />}
      </div>
      {near && !message.is_ephemeral && <Tools message={message} inThread={inThread} mine={message.user === get().me} />}
    </article>
  );
});

export function Avatar({ person, size = 34 }) {
  if (person?.is_bot && person.name === "fixloop") {
    return (
      <span className="avatar bot" style={{ width: size, height: size }}>
        <Mark size={size * 0.74} />
      </span>
    );
  }
  const hue = [...(person?.id ?? "?")].reduce((sum, each) => (sum * 31 + each.charCodeAt(0)) % 360, 7);
  return (
    <span className="avatar" style={{ width: size, height: size, "--hue": hue, fontSize: size * 0.38 }} aria-hidden="true">
      {person?.is_bot ? <Icon name="bolt" size={size * 0.5} /> : initials(person?.real_name ?? "?")}
    </span>
  );
}

function Content({ message }) {
  const blocks = message.blocks?.length ? message.blocks : textBlocks(message.text);
  const attachments = message.attachments ?? [];
  const onAct = (block, element, value, dom) => actOnMessage(message, block, element, value, dom);
  return (
    <>
      <Blocks blocks={blocks} values={message.values} onAct={onAct} />
      {attachments.map((each, index) => (
        <div key={index} className="attachment">
          <Blocks blocks={each.blocks ?? textBlocks(each.text ?? each.fallback)} values={message.values} onAct={onAct} />
        </div>
      ))}
    </>
  );
}

const textBlocks = (text) => (text ? [{ type: "section", block_id: "text", text: { type: "mrkdwn", text } }] : []);

async function actOnMessage({ channel, ts }, { block_id }, { action_id, type }, value, dom) {
  dom?.setAttribute("aria-busy", "true");
  const where = { channel, ts, block_id, action_id };
  if (type === "checkboxes") await act("tick", { ...where, selected_values: value });
  else if (type === "feedback_buttons") await act("click", { ...where, value });
  else if (type.endsWith("button")) await act("click", where);
  else await act("select", { ...where, value });
  dom?.removeAttribute("aria-busy");
}

function Attached({ file }) {
  const url = fileOf(file);
  if (!file.mimetype?.startsWith("image/") || file.mimetype.includes("svg")) {
    return (
      <a className="file" href={url} download={file.name}>
        <Icon name="doc" /> {file.title || file.name} <small>{Math.ceil((file.size ?? 0) / 1024)} kB</small>
      </a>
    );
  }
  return (
    <figure className="picture">
      <figcaption>{file.title}</figcaption>
      <img src={url} alt={file.alt_txt ?? file.title ?? "Picture"} loading="lazy" />
    </figure>
  );
}

function Reactions({ message }) {
  const me = useStore((now) => now.me);
  const people = useStore((now) => now.people);
  if (!message.reactions?.length) return null;
  return (
    <div className="reactions">
      {message.reactions.map(({ name, users }) => (
        <button
          key={name}
          type="button"
          className="reaction"
          aria-pressed={users.includes(me)}
          title={`${users.map((each) => people[each]?.real_name ?? each).join(", ")} reacted with :${name}:`}
          onClick={() => act("reaction", { channel: message.channel, ts: message.ts, name, add: !users.includes(me) })}
        >
          <span aria-hidden="true">{glyph(name)}</span> {users.length}
        </button>
      ))}
    </div>
  );
}

function Replies({ message }) {
  const people = useStore((now) => now.people);
  const unread = useStore((now) => now.unread[`${message.channel}:${message.ts}`] ?? 0);
  return (
    <button type="button" className="replies" onClick={() => go({ kind: "thread", channel: message.channel, ts: message.ts })}>
      <span className="faces">
        {message.reply_users?.slice(0, 4).map((each) => <Avatar key={each} person={people[each]} size={20} />)}
      </span>
      <strong>{plural(message.reply_count, "reply", "replies")}</strong>
      {unread > 0 && <span className="badge">{unread} new</span>}
      <span className="muted">last {clock(message.latest_reply)}</span>
      <Icon name="right" size={14} />
    </button>
  );
}

function Tools({ message, inThread, mine }) {
  const shortcuts = useStore((now) => now.offers.shortcuts);
  const { channel, ts } = message;
  return (
    <div className="tools" role="toolbar" aria-label="Message actions">
      <Popup label="Add a reaction" trigger={<Icon name="smile" />}>
        {(close) => (
          <div className="grid">
            {REACTIONS.map((name) => (
              <button key={name} type="button" role="menuitem" aria-label={name} onClick={() => (close(), act("reaction", { channel, ts, name }, { quiet: true }))}>
                {glyph(name)}
              </button>
            ))}
          </div>
        )}
      </Popup>
      {!inThread && (
        <button type="button" className="button square" aria-label="Reply in thread" title="Reply in thread" onClick={() => go({ kind: "thread", channel, ts: message.thread_ts ?? ts })}>
          <Icon name="thread" />
        </button>
      )}
      <Popup label="More" className="button square more" trigger={<Icon name="more" />}>
        {(close) => (
          <>
            {shortcuts
              .filter((each) => each.kind === "message")
              .map((each) => (
                <button key={each.id} type="button" role="menuitem" onClick={() => (close(), act("shortcut", { callback_id: each.id, channel, ts }))}>
                  <Icon name="bolt" /> {each.name}
                </button>
              ))}
            <button type="button" role="menuitem" onClick={() => (close(), copyLink(message))}>
              <Icon name="link" /> Copy link
            </button>
            {mine && (
              <button type="button" role="menuitem" onClick={() => (close(), rewrite(message))}>
                <Icon name="edit" /> Edit
              </button>
            )}
            {mine && (
              <button type="button" role="menuitem" onClick={() => (close(), act("delete", { channel, ts }))}>
                <Icon name="bin" /> Delete
              </button>
            )}
          </>
        )}
      </Popup>
    </div>
  );
}

function rewrite(message) {
  window.dispatchEvent(new CustomEvent("fixloop:edit", { detail: message }));
}

async function copyLink({ channel, ts, thread_ts }) {
  const link = `https://${get().domain}.slack.com/archives/${channel}/p${ts.replace(".", "")}${thread_ts && thread_ts !== ts ? `?thread_ts=${thread_ts}&cid=${channel}` : ""}`;
  try {
    await navigator.clipboard.writeText(link);
    warn("Link copied.", "good");
  } catch {
    warn(link, "info");
  }
}
