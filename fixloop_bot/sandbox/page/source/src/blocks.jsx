// Blocks as Slack draws them, by the published package; what it does not draw, or not so that a keyboard could use it,
// is drawn in elements.jsx. The package has no callbacks: one listener for each message finds out what was used.
import { Component, memo, useCallback, useId, useMemo, useRef, useState } from "react";
import { Message } from "slack-blocks-to-jsx";
import { Confirm } from "./confirm.jsx";
import { Element, InputBlock, Table, isOurs } from "./elements.jsx";
import { isAgain } from "./press.js";
import { show } from "./show.js";
import { go, set, useStore, warn } from "./store.js";
import { slackDate } from "./words.js";

const PACKAGE = new Set([
  "divider", "section", "image", "context", "actions", "context_actions", "header", "rich_text", "table", "markdown", "plan",
  "task_card", "alert", "card", "carousel", "container", "data_visualization",
]);

// onAct(block, element, value, dom) is called with what the person has done; value is what the element now holds.
export const Blocks = memo(function Blocks({ blocks, values, onAct, inputs, errors }) {
  const prefix = useId();
  const [asked, setAsked] = useState(null);
  const [again, setAgain] = useState(0);
  const prepared = useMemo(() => blocks.map((block, index) => prepare(block, values, `${prefix}${index}`)), [blocks, values, prefix]);
  const latest = useRef(null);
  latest.current = { prepared, onAct };

  const use = useCallback((block, element, value, dom) => {
    const done = () => latest.current.onAct?.(block, element, value, dom);
    if (element.confirm) setAsked({ confirm: element.confirm, done, undo: () => setAgain((now) => now + 1) });
    else done();
  }, []);

  const clicked = useCallback((event) => {
    const button = event.target.closest("button");
    const found = button && find(latest.current.prepared, button);
    if (!found || isAgain(event)) return;
    const { block, element } = found;
    if (element.type === "feedback_buttons") {
      const sides = [...button.parentElement.children];
      const side = sides.indexOf(button) === 0 ? element.positive_button : element.negative_button;
      for (const each of sides) each.setAttribute("aria-pressed", String(each === button));
      use(block, element, side.value, button);
    } else {
      if (element.url) follow(element.url);
      use(block, element, element.value, button);
    }
  }, [use]);

  const changed = useCallback((event) => {
    const found = find(latest.current.prepared, event.target);
    if (!found) return;
    const { block, element, node } = found;
    const ticked = element.options.filter((_, index) => node.querySelectorAll("input")[index]?.checked).map((each) => each.value);
    use(block, element, element.type === "checkboxes" ? ticked : ticked[0], event.target);
  }, [use]);

  return (
    <div className="blocks" onClick={clicked} onChange={changed}>
      {prepared.map((each, index) => (
        <Guard key={each.stateful ? `${each.block.block_id}:${again}` : index}>
          <BlockView each={each} values={values} use={use} inputs={inputs} errors={errors} />
        </Guard>
      ))}
      {asked && <Confirm {...asked} onEnd={() => setAsked(null)} />}
    </div>
  );
});

function BlockView({ each, values, use, inputs, errors }) {
  const { block, shown, own } = each;
  if (block.type === "input") return <InputBlock block={block} inputs={inputs} error={errors?.[block.block_id]} use={use} />;
  if (block.type === "data_table" || block.type === "table") return <Table block={block} />;
  if (block.type === "file") return <p className="unknown">A remote file</p>;
  if (block.type === "actions" && own.length) {
    return (
      <div className="own-actions">
        {each.pieces.map((piece, index) =>
          piece.own ? (
            <Element key={index} block={block} element={piece.own} values={values} use={use} />
          ) : (
            <Drawn key={index} block={{ ...shown, elements: piece.elements }} />
          ),
        )}
      </div>
    );
  }
  if (own.length) {
    return (
      <div className="own-section">
        <Drawn block={{ ...shown, accessory: undefined }} />
        <Element block={block} element={own[0]} values={values} use={use} />
      </div>
    );
  }
  return PACKAGE.has(block.type) ? <Drawn block={shown} /> : <p className="unknown">A block of type {block.type}, which this page does not know.</p>;
}

const Drawn = memo(function Drawn({ block }) {
  const people = useStore((now) => now.people);
  const channels = useStore((now) => now.channels);
  const groups = useStore((now) => now.groups);
  const data = useMemo(
    () => ({
      users: Object.values(people).map((each) => ({ id: each.id, name: each.real_name })),
      channels: channels.map((each) => ({ id: each.id, name: each.name })),
      user_groups: groups,
    }),
    [people, channels, groups],
  );
  const blocks = useMemo(() => [block], [block]);
  return <Message blocks={blocks} data={data} hooks={HOOKS} theme="light" withoutWrapper name="" logo="" />;
});

const HOOKS = {
  date: ({ timestamp, format, fallback, link }) => {
    const text = Number.isFinite(Number(timestamp)) ? slackDate(Number(timestamp), format) : fallback;
    const time = <time dateTime={new Date(Number(timestamp) * 1000).toISOString()}>{text}</time>;
    return link ? <Anchor href={link}>{time}</Anchor> : time;
  },
  link: ({ href, children }) => <Anchor href={href}>{children}</Anchor>,
  channel: ({ id, name }) => (
    <button type="button" className="mention" onClick={() => go({ kind: "channel", channel: id, ts: "" })}>
      #{name || id}
    </button>
  ),
};

export function Anchor({ href, children }) {
  const safe = /^(https?|mailto):/i.test(href ?? "");
  if (!safe) return <span>{children}</span>;
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      onClick={(event) => {
        if (follow(href, true)) event.preventDefault();
      }}
    >
      {children}
    </a>
  );
}

// A link to a message or a canvas opens it here; a link into the pretended Datadog or company has nothing behind it, and says so.
function follow(href, inPlace = false) {
  const message = /\.slack\.com\/archives\/(\w+)\/p(\d{10})(\d+)(?:\?.*thread_ts=([\d.]+))?/.exec(href);
  if (message) {
    const [, channel, seconds, rest, thread] = message;
    show(channel, `${seconds}.${rest}`, thread);
    return true;
  }
  const canvas = /\.slack\.com\/docs\/\w+\/(\w+)/.exec(href);
  if (canvas) {
    set({ canvas: canvas[1] });
    return true;
  }
  const { hostname, pathname } = new URL(href);
  if (/(^|\.)(datadoghq\.(com|eu)|example\.(com|org))$/.test(hostname)) {
    warn(`With a real account this opens ${hostname}${pathname}. The sandbox's own series are on the right.`, "info");
    return true;
  }
  if (!inPlace) window.open(href, "_blank", "noopener,noreferrer");
  return false;
}

// What the package gets: a copy with ids that say which element it is, with the person's own ticks, and without what
// the package would do by itself (confirmation, opening links).
function prepare(block, values, id) {
  const table = [];
  const element = (each, index) => {
    if (!each || typeof each !== "object" || each.type === "image") return each;
    const name = `${id}.${index}`;
    table.push({ id: name, block, element: each });
    const { confirm, url, ...rest } = each;
    return { ...withState(rest, values?.[block.block_id]?.[each.action_id]), ...texts(rest), action_id: name };
  };
  const shown = { ...texts(block) };
  if (block.accessory) shown.accessory = element(block.accessory, 0);
  if (block.element) shown.element = element(block.element, 0);
  if (block.type === "actions" || block.type === "context_actions") shown.elements = block.elements.map(element);
  if (block.type === "markdown" && typeof block.text === "string") shown.text = timed(block.text);
  if (block.type === "card" && block.actions) shown.actions = block.actions.map(element);
  if (block.slack_file) Object.assign(shown, { image_url: fileOf(block.slack_file), slack_file: undefined });
  const elements = block.type === "actions" ? block.elements : block.type === "section" && block.accessory ? [block.accessory] : [];
  const own = elements.filter(isOurs);
  const pieces = own.length && block.type === "actions" ? pieced(block, shown) : [];
  return { block, shown, own, pieces, table, stateful: table.some((each) => each.element.options || each.element.type.endsWith("_input")) };
}

function pieced(block, shown) {
  const pieces = [];
  block.elements.forEach((each, index) => {
    if (isOurs(each)) pieces.push({ own: each });
    else if (pieces.at(-1)?.elements) pieces.at(-1).elements.push(shown.elements[index]);
    else pieces.push({ elements: [shown.elements[index]] });
  });
  return pieces;
}

function withState(element, state) {
  if (!state) return element;
  if (element.type === "checkboxes") return { ...element, initial_options: state.selected_options };
  return element.type === "radio_buttons" ? { ...element, initial_option: state.selected_option ?? undefined } : element;
}

export const fileOf = (file) => `/files/${file.id ?? /\/files\/([^/]+)\//.exec(file.url ?? "")?.[1] ?? ""}`;

// The package reads `verbatim` as "not to be parsed at all" (Slack: no links made of bare names), turns an escaped `<@`
// into a mention, puts a blank behind `&gt;`, and doubles a lone asterisk.
function texts(node) {
  if (Array.isArray(node)) return node.map(texts);
  if (!node || typeof node !== "object") return node;
  if ((node.type === "mrkdwn" || node.type === "plain_text") && typeof node.text === "string") {
    return { type: node.type, text: node.type === "mrkdwn" ? marked(node.text) : plain(node.text) };
  }
  const copy = {};
  for (const [name, value] of Object.entries(node)) copy[name] = name === "confirm" ? value : texts(value);
  return copy;
}

const marked = (text) =>
  text
    .replace(/(^|\n)&gt;\s?/g, "$1> ")
    .replace(/&gt;/g, ">")
    .replace(/&lt;(?=[@#!/a-zA-Z])/g, "<\u2060")
    .replace(/&lt;/g, "<")
    .replace(/(?<=\s)\*(?=\s)/g, "∗");

// In `22:25:32` the package takes `:25:` for an emoji that it does not know, and leaves it out.
const timed = (text) => text.replace(/(\d:)(?=\d+:\d)/g, "$1\u2060");

const plain = (text) => text.replace(/&gt;/g, ">").replace(/&lt;/g, "<").replace(/&amp;/g, "&");

function find(prepared, dom) {
  for (let node = dom; node && !node.classList?.contains("blocks"); node = node.parentElement) {
    for (const each of prepared) {
      const row = node.id && each.table.find((entry) => entry.id === node.id);
      if (row) return { ...row, node };
    }
  }
  return null;
}

// A block that cannot be drawn must not take the thread with it.
export class Guard extends Component {
  state = { broken: false };
  static getDerivedStateFromError() {
    return { broken: true };
  }
  render() {
    return this.state.broken ? <p className="unknown">A block that this page cannot draw.</p> : this.props.children;
  }
}
