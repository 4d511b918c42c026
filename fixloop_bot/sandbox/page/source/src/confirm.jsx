import { useDialog } from "./dialog.js";

// Slack's confirmation of a button or menu, above everything, in the browser's own dialog: Esc and focus come with it.
export function Confirm({ confirm, done, undo, onEnd }) {
  const dialog = useDialog();
  const end = (sure) => {
    dialog.current.close();
    onEnd();
    (sure ? done : undo)();
  };
  return (
    <dialog ref={dialog} className="sheet confirm" aria-labelledby="confirm-title" onCancel={(event) => (event.preventDefault(), end(false))}>
      <h2 id="confirm-title">{confirm.title?.text}</h2>
      <p>{confirm.text?.text?.replace(/[*_`]/g, "")}</p>
      <div className="sheet-foot">
        <button type="button" className="button" onClick={() => end(false)}>
          {confirm.deny?.text ?? "Cancel"}
        </button>
        <button type="button" className={`button ${confirm.style === "danger" ? "danger" : "primary"}`} onClick={() => end(true)} autoFocus>
          {confirm.confirm?.text ?? "Yes"}
        </button>
      </div>
    </dialog>
  );
}
