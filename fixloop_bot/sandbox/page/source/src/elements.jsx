// Elements that the package draws without a keyboard's use, as the browser's own: menus, pickers, fields.
import { useId, useState } from "react";
import { Icon } from "./icons.jsx";
import { Popup } from "./popup.jsx";
import { useStore } from "./store.js";

const MENUS = new Set([
  "static_select", "external_select", "users_select", "conversations_select", "channels_select",
]);
const MULTI = new Set([
  "multi_static_select", "multi_external_select", "multi_users_select", "multi_conversations_select", "multi_channels_select",
]);
const FIELDS = { plain_text_input: "text", number_input: "number", email_text_input: "email", url_text_input: "url" };
const PICKERS = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local" };

export const isOurs = (element) =>
  element.type === "overflow" || MENUS.has(element.type) || MULTI.has(element.type) || element.type in FIELDS || element.type in PICKERS;

// An element inside a message, a Home tab, or an actions block of a modal: every change is told at once.
export function Element({ block, element, values, use }) {
  const state = values?.[block.block_id]?.[element.action_id];
  const [value, setValue] = useState(() => held(element, state));
  if (element.type === "overflow") return <Overflow element={element} onPick={(picked, dom) => use(block, element, picked, dom)} />;
  return (
    <Field
      element={element}
      value={value}
      label={element.placeholder?.text ?? element.accessibility_label ?? "Choose"}
      onChange={(now, dom) => {
        setValue(now);
        use(block, element, now, dom);
      }}
    />
  );
}

// An input block of a modal: it keeps what is typed until the modal is submitted.
export function InputBlock({ block, inputs, error, use }) {
  const { element } = block;
  const id = useId();
  const key = `${block.block_id}|${element.action_id}`;
  const value = inputs.read(key) ?? held(element);
  const change = (now, dom) => {
    inputs.write(key, now);
    if (block.dispatch_action) use(block, element, now, dom);
  };
  return (
    <div className={`field ${error ? "wrong" : ""}`}>
      <label htmlFor={id} id={`${id}-label`}>
        {block.label?.text}
        {block.optional && <span className="optional"> optional</span>}
      </label>
      <Field element={element} value={value} id={id} labelledBy={`${id}-label`} onChange={change} invalid={Boolean(error)} describedBy={`${id}-note`} />
      <div id={`${id}-note`}>
        {error ? (
          <p className="error" role="alert">
            {error}
          </p>
        ) : (
          block.hint && <p className="hint">{block.hint.text}</p>
        )}
      </div>
    </div>
  );
}

function Field({ element, value, onChange, id, label, labelledBy, invalid, describedBy }) {
  const named = { id, "aria-label": labelledBy ? undefined : label, "aria-invalid": invalid || undefined, "aria-describedby": describedBy };
  const { type } = element;
  if (type === "plain_text_input" && element.multiline) {
    return (
      <textarea {...named} rows={4} value={value ?? ""} maxLength={element.max_length} placeholder={element.placeholder?.text} onChange={(event) => onChange(event.target.value, event.target)} />
    );
  }
  if (type in FIELDS || type in PICKERS) {
    const numbers = type === "number_input" ? { min: element.min_value, max: element.max_value, step: element.is_decimal_allowed ? "any" : 1 } : {};
    return (
      <input
        {...named}
        {...numbers}
        type={FIELDS[type] ?? PICKERS[type]}
        value={shownAs(type, value)}
        maxLength={element.max_length}
        placeholder={element.placeholder?.text}
        onChange={(event) => onChange(heldAs(type, event.target.value), event.target)}
      />
    );
  }
  if (type === "rich_text_input") {
    return <textarea {...named} rows={4} value={textOf(value)} onChange={(event) => onChange(richText(event.target.value), event.target)} />;
  }
  if (MENUS.has(type)) return <Menu named={named} element={element} value={value} onChange={onChange} />;
  if (type === "checkboxes" || type === "radio_buttons" || MULTI.has(type)) {
    return <Choices element={element} value={value} onChange={onChange} labelledBy={labelledBy} label={label} />;
  }
  return <p className="unknown">A field of type {type}, which this page does not know.</p>;
}

function Menu({ named, element, value, onChange }) {
  const groups = useGroups(element);
  return (
    <div className="select">
      <select {...named} value={value ?? ""} onChange={(event) => onChange(event.target.value, event.target)}>
        <option value="" disabled hidden>
          {element.placeholder?.text ?? "Choose"}
        </option>
        {groups.map(([name, options]) =>
          name ? (
            <optgroup key={name} label={name}>
              {options.map(choice)}
            </optgroup>
          ) : (
            options.map(choice)
          ),
        )}
      </select>
      <Icon name="down" size={14} />
    </div>
  );
}

const choice = (option) => (
  <option key={option.value} value={option.value}>
    {option.text}
  </option>
);

function Choices({ element, value, onChange, labelledBy, label }) {
  const name = useId();
  const one = element.type === "radio_buttons";
  const options = useGroups(element).flatMap(([, each]) => each);
  const chosen = one ? [value] : (value ?? []);
  const toggle = (option, dom) => {
    if (one) return onChange(option.value, dom);
    const now = new Set(chosen);
    if (!now.delete(option.value)) now.add(option.value);
    return onChange(options.map((each) => each.value).filter((each) => now.has(each)), dom);
  };
  return (
    <fieldset className={`choices ${element.type.startsWith("multi") ? "many" : ""}`} aria-labelledby={labelledBy} aria-label={labelledBy ? undefined : label}>
      {options.map((option) => (
        <label key={option.value}>
          <input type={one ? "radio" : "checkbox"} name={name} checked={chosen.includes(option.value)} onChange={(event) => (event.stopPropagation(), toggle(option, event.target))} />
          <span>
            {option.text}
            {option.description && <small>{option.description}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

// [name of the group or "", options]; people and channels stand for themselves.
function useGroups(element) {
  const people = useStore((now) => now.people);
  const channels = useStore((now) => now.channels);
  if (element.type.endsWith("users_select")) {
    return [["", Object.values(people).filter((each) => !each.is_bot).map((each) => ({ value: each.id, text: each.real_name }))]];
  }
  if (element.type.endsWith("channels_select") || element.type.endsWith("conversations_select")) {
    return [["", channels.filter((each) => each.kind !== "im").map((each) => ({ value: each.id, text: `#${each.name}` }))]];
  }
  const plain = (options) =>
    (options ?? []).map((each) => ({ value: each.value, text: bare(each.text.text), description: each.description && bare(each.description.text) }));
  if (element.option_groups) return element.option_groups.map((each) => [each.label.text, plain(each.options)]);
  return [["", plain(element.options)]];
}

const bare = (text) => text.replace(/(?<!\w)[*_`~]|[*_`~](?!\w)/g, "").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function Overflow({ element, onPick, label = "More actions" }) {
  return (
    <Popup label={label} trigger={<Icon name="more" />}>
      {(close) =>
        element.options.map((option) => (
          <button
            key={option.value}
            type="button"
            role="menuitem"
            onClick={(event) => {
              close();
              onPick(option.value, event.currentTarget);
            }}
          >
            {bare(option.text.text)}
            {option.description && <small>{bare(option.description.text)}</small>}
          </button>
        ))
      }
    </Popup>
  );
}

// Slack's table and data_table, of which the package draws only the first and not in a narrow column.
export function Table({ block }) {
  const rows = block.rows ?? [];
  const head = block.columns?.some((each) => each.name) ? block.columns.map((each) => each.name) : null;
  const [first, ...rest] = head ? [head, ...rows] : rows;
  const cell = (each) => (typeof each === "string" || typeof each === "number" ? each : cellText(each));
  return (
    <div className="table" tabIndex={0} role="group" aria-label="Table">
      <table>
        <thead>
          <tr>{(first ?? []).map((each, index) => <th key={index}>{cell(each)}</th>)}</tr>
        </thead>
        <tbody>
          {rest.map((row, number) => (
            <tr key={number}>{(row.cells ?? row).map((each, index) => <td key={index}>{cell(each)}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellText(node) {
  if (!node || typeof node !== "object") return String(node ?? "");
  if (node.type === "user") return `@${node.user_id}`;
  if (typeof node.text === "string") return bare(node.text);
  if (node.value !== undefined) return String(node.value);
  return (node.elements ?? []).map(cellText).join("");
}

const STATES = { checkboxes: "selected_options", radio_buttons: "selected_option", static_select: "selected_option", multi_static_select: "selected_options" };

function held(element, state) {
  const options = state ? state[STATES[element.type]] : (element.initial_options ?? element.initial_option);
  if (Array.isArray(options)) return options.map((each) => each.value);
  if (options) return options.value;
  if (element.type === "checkboxes" || MULTI.has(element.type)) {
    return element.initial_users ?? element.initial_channels ?? element.initial_conversations ?? [];
  }
  return (
    state?.value ?? element.initial_value ?? element.initial_user ?? element.initial_channel ?? element.initial_conversation ??
    element.initial_date ?? element.initial_time ?? element.initial_date_time ?? null
  );
}

const shownAs = (type, value) =>
  type === "datetimepicker" && value ? new Date(value * 1000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16) : (value ?? "");
const heldAs = (type, text) => (type === "datetimepicker" ? (text ? Math.floor(new Date(text).getTime() / 1000) : null) : text);
const textOf = (value) => (typeof value === "string" ? value : cellText(value ?? ""));
const richText = (text) => ({ type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] });
