// What a press of a button needs beyond its deed: the focus must not fall off the page with the button, and the second
// half of a double click must not hit what has just taken its place.
import { useLayoutEffect, useRef } from "react";

// A double click is one press: here the next button can stand in the same place within milliseconds.
export const isAgain = (event) => event.detail > 1;

// For a group whose buttons come and go. When the one that had the focus is gone, the group has it (or the switch that is
// pressed in it): never a neighbour, which a second Enter would press.
export function useKeptFocus() {
  const box = useRef(null);
  const inside = useRef(false);
  useLayoutEffect(() => {
    const at = document.activeElement;
    if (!inside.current || !box.current || (at && at !== document.body && !at.disabled)) return;
    (box.current.querySelector("[aria-pressed=true]") ?? box.current).focus({ preventScroll: true });
  });
  const onFocus = () => {
    inside.current = true;
  };
  const onBlur = ({ target }) => {
    // A button that is gone a moment later has lost the focus against its will.
    queueMicrotask(() => {
      if (target.isConnected && !target.disabled) inside.current = Boolean(box.current?.contains(document.activeElement));
    });
  };
  return { ref: box, tabIndex: -1, onFocus, onBlur };
}
