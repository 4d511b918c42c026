// A menu in the browser's top layer: nothing clips it, a click elsewhere or Esc closes it.
import { useId, useRef } from "react";

export function Popup({ trigger, className = "button square", label, children, role = "menu", onOpen, ...rest }) {
  const id = useId();
  const button = useRef(null);
  const layer = useRef(null);
  const place = () => {
    const at = button.current.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = layer.current;
    const below = at.bottom + 6 + height < innerHeight || at.top < height;
    layer.current.style.top = `${Math.max(8, below ? at.bottom + 6 : at.top - height - 6)}px`;
    layer.current.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  };
  const toggled = (event) => {
    const open = event.newState === "open";
    button.current.setAttribute("aria-expanded", String(open));
    if (!open) return;
    place();
    onOpen?.();
    layer.current.querySelector("[role^=menuitem], input, button")?.focus();
  };
  return (
    <>
      <button ref={button} type="button" className={className} aria-haspopup={role} aria-label={label} title={label} popoverTarget={id} {...rest}>
        {trigger}
      </button>
      <div ref={layer} id={id} popover="auto" role={role} aria-label={label} className="menu" onToggle={toggled} onKeyDown={(event) => arrows(event, layer.current)}>
        {typeof children === "function" ? children(() => layer.current.hidePopover()) : children}
      </div>
    </>
  );
}

export function arrows(event, root, selector = "[role^=menuitem]") {
  const step = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const items = [...root.querySelectorAll(selector)];
  if (!items.includes(document.activeElement)) return;
  event.preventDefault();
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
}
