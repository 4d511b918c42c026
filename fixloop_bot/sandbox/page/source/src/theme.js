// Dark or light: as the system has it, until somebody chooses.
import { useSyncExternalStore } from "react";
import { keep, kept } from "./keeping.js";

const system = window.matchMedia("(prefers-color-scheme: light)");
const listeners = new Set();
let chosen = "system";

export const theme = () => (chosen === "system" ? (system.matches ? "light" : "dark") : chosen);

theme.begin = () => {
  chosen = kept("theme") || "system";
  apply();
  system.addEventListener("change", apply);
};

export function nextTheme() {
  chosen = theme() === "dark" ? "light" : "dark";
  keep("theme", chosen);
  apply();
}

function apply() {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useTheme = () => [useSyncExternalStore(subscribe, theme), nextTheme];
