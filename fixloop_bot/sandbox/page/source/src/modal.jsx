// Modals: the topmost of the stack, in the browser's own dialog. What was typed survives an update of the view.
import { useEffect, useState } from "react";
import { Blocks } from "./blocks.jsx";
import { actOnView } from "./conversation.jsx";
import { useDialog } from "./dialog.js";
import { Icon } from "./icons.jsx";
import { act } from "./live.js";
import { useStore } from "./store.js";

const REQUIRED = "Please complete this required field.";
const typed = new Map();

export function Modals() {
  const view = useStore((now) => now.views.at(-1));
  const depth = useStore((now) => now.views.length);
  return view ? <Modal key={view.id} view={view} depth={depth} /> : null;
}

function Modal({ view, depth }) {
  const dialog = useDialog();
  const [, redraw] = useState(0);
  const [missing, setMissing] = useState({});
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    dialog.current.querySelector("[data-first] :is(input, textarea, select)")?.focus();
  }, [dialog]);
  if (!typed.has(view.id)) typed.set(view.id, new Map());
  const kept = typed.get(view.id);
  const inputs = {
    read: (key) => kept.get(key),
    write: (key, value) => {
      kept.set(key, value);
      setMissing({});
      redraw((now) => now + 1);
    },
  };
  const close = () => act("close_view", { view_id: view.id });
  const submit = async (event) => {
    event.preventDefault();
    const lacking = lacks(view, kept);
    setMissing(lacking);
    if (Object.keys(lacking).length) return;
    setBusy(true);
    await act("submit_view", { view_id: view.id, values: given(view, kept) });
    setBusy(false);
  };
  const cancel = (event) => {
    if (event.target !== dialog.current) return;
    event.preventDefault();
    close();
  };
  return (
    <dialog ref={dialog} className="sheet modal" aria-labelledby="modal-title" onCancel={cancel} onClose={() => dialog.current?.isConnected && close()}>
      <form onSubmit={submit} noValidate>
        <header className="sheet-head">
          {depth > 1 && (
            <button type="button" className="button square ghost" aria-label="Back" onClick={close}>
              <Icon name="back" />
            </button>
          )}
          <h2 id="modal-title">{view.title?.text}</h2>
          <button type="button" className="button square ghost" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div className="sheet-body" data-first>
          <Blocks blocks={view.blocks} values={view.state?.values} inputs={inputs} errors={{ ...view.errors, ...missing }} onAct={(block, element, value, dom) => actOnView(view, block, element, value, dom)} />
        </div>
        <footer className="sheet-foot">
          <button type="button" className="button" onClick={close}>
            {view.close?.text ?? "Cancel"}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" disabled={busy || view.submit_disabled} aria-busy={busy}>
              {view.submit.text}
            </button>
          )}
        </footer>
      </form>
    </dialog>
  );
}

const inputsOf = (view) => view.blocks.filter((each) => each.type === "input");
const keyOf = (block) => `${block.block_id}|${block.element.action_id}`;
const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

function lacks(view, kept) {
  const lacking = {};
  for (const block of inputsOf(view)) {
    const first = Object.entries(block.element).find(([name]) => name.startsWith("initial_"))?.[1];
    const value = kept.has(keyOf(block)) ? kept.get(keyOf(block)) : first;
    if (!block.optional && isEmpty(value)) lacking[block.block_id] = REQUIRED;
  }
  return lacking;
}

function given(view, kept) {
  const values = {};
  for (const block of inputsOf(view)) {
    if (kept.has(keyOf(block))) values[block.block_id] = kept.get(keyOf(block)) === "" ? null : kept.get(keyOf(block));
  }
  return values;
}
