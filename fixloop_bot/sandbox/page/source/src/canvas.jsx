// A canvas, such as an incident's report: read in a dialog, fetched when it is opened.
import { useEffect, useMemo, useState } from "react";
import { Blocks } from "./blocks.jsx";
import { useDialog } from "./dialog.js";
import { Icon } from "./icons.jsx";
import { set, useStore } from "./store.js";

export function CanvasSheet() {
  const canvas = useStore((now) => now.canvas);
  return canvas ? <Sheet key={canvas} id={canvas} /> : null;
}

function Sheet({ id }) {
  const dialog = useDialog();
  const people = useStore((now) => now.people);
  const [text, setText] = useState(null);
  useEffect(() => {
    fetch(`/files/${id}`)
      .then((answer) => (answer.ok ? answer.text() : "This canvas is gone."))
      .then(setText, () => setText("This canvas cannot be read now."));
  }, [id]);
  const blocks = useMemo(() => (text === null ? [] : [{ type: "markdown", block_id: "canvas", text: readable(text, people) }]), [text, people]);
  return (
    <dialog ref={dialog} className="sheet canvas" aria-label="Canvas" onClose={() => set({ canvas: "" })} onClick={(event) => event.target === dialog.current && dialog.current.close()}>
      <header className="sheet-head">
        <Icon name="doc" />
        <h2>Canvas</h2>
        <button type="button" className="button square ghost" aria-label="Close" onClick={() => dialog.current.close()}>
          <Icon name="close" />
        </button>
      </header>
      <div className="sheet-body" tabIndex={0}>
        {text === null ? <p className="none">Opening…</p> : <Blocks blocks={blocks} />}
      </div>
    </dialog>
  );
}

// People and pictures have forms of their own in a canvas.
const readable = (text, people) =>
  text
    .replace(/!\[\]\(@(\w+)\)/g, (_, id) => `@${people[id]?.real_name ?? id}`)
    .replace(/!\[([^\]]*)\]\(https?:\/\/[^)\s]*\/files\/\w+\/(\w+)\/[^)\s]*\)/g, "![$1](/files/$2)");
