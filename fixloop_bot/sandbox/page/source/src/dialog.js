// A modal dialog that is there as long as it is drawn. It is closed before it goes, for then the browser gives the focus
// back to what had it before.
import { useLayoutEffect, useRef } from "react";

export function useDialog() {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    const node = dialog.current;
    node.showModal();
    return () => node.close();
  }, []);
  return dialog;
}
