// Dark or light: as the system has it, until somebody chooses.
import { useSyncExternalStore } from "react";

const system = window.matchMedia("(prefers-color-scheme: light)");
const listeners = new Set();
let chosen = "system";

export const theme = () => (chosen === "system" ? (system.matches ? "light" : "dark") : chosen);

theme.begin = () => {
  try {
    chosen = localStorage.getItem("fixloop.theme") ?? "system";
  } catch {
    chosen = "system";
  }
  apply();
  system.addEventListener("change", apply);
};

export function nextTheme() {
  chosen = theme() === "dark" ? "light" : "dark";
  try {
    localStorage.setItem("fixloop.theme", chosen);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
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
