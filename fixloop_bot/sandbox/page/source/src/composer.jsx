// Where people write: messages, mentions, slash commands with completion, edits, global shortcuts.
import { useEffect, useId, useMemo, useRef, useState } from "react";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { Popup } from "./popup.jsx";
import { get, go, useStore, warn } from "./store.js";

// What was begun in a place and not sent yet.
const drafts = new Map();

export function Composer({ channel, thread, disabled, placeholder }) {
  const place = `${channel}:${thread ?? ""}`;
  const [text, setText] = useState(() => drafts.get(place) ?? "");
  const [editing, setEditing] = useState(null);
  const [chosen, setChosen] = useState(0);
  const [closed, setClosed] = useState(false);
  const field = useRef(null);
  const listId = useId();
  const offers = useCompletions(closed ? "" : text);

  useEffect(() => {
    const edit = ({ detail }) => {
      setEditing(detail);
      setText(detail.text.replace(/<@(\w+)>/g, (_, id) => `@${get().people[id]?.name ?? id}`));
      field.current?.focus();
    };
    window.addEventListener("fixloop:edit", edit);
    return () => window.removeEventListener("fixloop:edit", edit);
  }, []);
  useEffect(() => {
    // Anew with every width; without one, as where a phone shows another part, there is nothing to measure yet.
    let fitted = 0;
    const fit = () => {
      const { style, clientWidth } = field.current;
      if (clientWidth === fitted) return;
      fitted = clientWidth;
      style.height = "auto";
      style.height = `${Math.min(field.current.scrollHeight, 180)}px`;
    };
    const watcher = new ResizeObserver(fit);
    watcher.observe(field.current);
    fit();
    return () => watcher.disconnect();
  }, [text]);

  const type = (value) => {
    setText(value);
    if (!editing) drafts.set(place, value);
    setChosen(0);
    setClosed(false);
  };
  const complete = (offer) => {
    type(offer.insert);
    field.current.focus();
  };
  const send = async () => {
    const words = text.trim();
    if (!words) return;
    type("");
    const done = await say(words, channel, thread, editing);
    setEditing(null);
    if (!done) type(words);
  };
  const keys = (event) => {
    if (event.nativeEvent.isComposing) return;
    if (offers.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      setChosen((now) => (now + (event.key === "ArrowDown" ? 1 : offers.length - 1)) % offers.length);
    } else if (offers.length && (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && offers[chosen].insert.trim() !== text.trim()))) {
      event.preventDefault();
      complete(offers[chosen]);
    } else if (event.key === "Escape") {
      if (editing) type("");
      setEditing(null);
      setClosed(true);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    }
  };

  return (
    <div className="composer">
      {offers.length > 0 && (
        <ul className="offers" role="listbox" id={listId} aria-label="Completions">
          {offers.map((offer, index) => (
            <li key={offer.insert} id={`${listId}${index}`} role="option" aria-selected={index === chosen} onPointerDown={(event) => (event.preventDefault(), complete(offer))}>
              <strong>{offer.label}</strong> <span>{offer.says}</span>
            </li>
          ))}
        </ul>
      )}
      {editing && (
        <p className="editing">
          Editing a message. <kbd>Esc</kbd> leaves it as it was.
        </p>
      )}
      <div className="write">
        <Shortcuts onCommand={() => (type("/"), field.current.focus())} disabled={disabled} />
        <textarea
          ref={field}
          rows={1}
          value={text}
          disabled={disabled}
          placeholder={placeholder}
          aria-label={placeholder}
          role="combobox"
          aria-expanded={offers.length > 0}
          aria-controls={listId}
          aria-activedescendant={offers.length ? `${listId}${chosen}` : undefined}
          aria-autocomplete="list"
          onChange={(event) => type(event.target.value)}
          onKeyDown={keys}
        />
        <button type="button" className="button square send" aria-label="Send" title="Send" disabled={disabled || !text.trim()} onClick={send}>
          <Icon name="send" />
        </button>
      </div>
    </div>
  );
}

function Shortcuts({ onCommand, disabled }) {
  const shortcuts = useStore((now) => now.offers.shortcuts);
  const global = shortcuts.filter((each) => each.kind === "global");
  return (
    <Popup label="Shortcuts" trigger={<Icon name="bolt" />} disabled={disabled}>
      {(close) => (
        <>
          {global.map((each) => (
            <button key={each.id} type="button" role="menuitem" onClick={() => (close(), act("shortcut", { callback_id: each.id }))}>
              <Icon name="bolt" /> {each.name}
            </button>
          ))}
          <button type="button" role="menuitem" onClick={() => (close(), onCommand())}>
            <Icon name="right" /> Slash command
          </button>
        </>
      )}
    </Popup>
  );
}

async function say(words, channel, thread, editing) {
  if (editing) return act("edit", { channel: editing.channel, ts: editing.ts, text: words });
  if (!words.startsWith("/")) {
    return channel ? act("message", { channel, text: words, ...(thread ? { thread_ts: thread } : {}) }) : act("direct", { text: words });
  }
  if (thread) {
    warn("Slack takes commands in channels, not in threads: this one goes to the channel.", "info");
    go({ kind: "channel", channel, ts: "" });
  }
  return act("command", { channel: channel || "C0INCIDENT", text: words });
}

// What could be meant: a command, one of its words (from the manifest's usage hint), or a person.
function useCompletions(text) {
  const commands = useStore((now) => now.offers.commands);
  const people = useStore((now) => now.people);
  return useMemo(() => {
    const command = commands.find((each) => text.startsWith(`${each.name} `));
    if (command) {
      const typed = text.slice(command.name.length + 1);
      const words = command.hint.replace(/[[\]]/g, "").split("|").map((each) => each.trim()).filter(Boolean);
      return words
        .filter((each) => each.startsWith(typed) && each !== typed.trim())
        .map((each) => ({ label: `${command.name} ${each}`, says: "", insert: `${command.name} ${each} ` }))
        .slice(0, 9);
    }
    if (/^\/\S*$/.test(text)) {
      return commands.filter((each) => each.name.startsWith(text)).map((each) => ({ label: each.name, says: each.description, insert: `${each.name} ` }));
    }
    const mention = /(^|\s)@(\w*)$/.exec(text);
    if (!mention) return [];
    return Object.values(people)
      .filter((each) => each.name.startsWith(mention[2].toLowerCase()))
      .map((each) => ({ label: `@${each.name}`, says: each.real_name, insert: `${text.slice(0, text.length - mention[2].length)}${each.name} ` }));
  }, [text, commands, people]);
}
