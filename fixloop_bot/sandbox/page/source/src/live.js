// The one WebSocket: deltas come in, deeds go out, and it comes back by itself with a snapshot.
import { get, set, take, warn } from "./store.js";

const SLOWEST_MS = 4000;
const LOST_MS = 1500;
const waiting = new Map();
let socket = null;
let losing = 0;
let number = 0;
let pause = 250;
let heardAt = 0;

export function connect() {
  const user = get().me || remembered();
  socket = new WebSocket(`ws://${location.host}/live?user=${encodeURIComponent(user)}`);
  socket.onopen = () => {
    pause = 250;
    clearTimeout(losing);
    losing = 0;
    set({ connected: true, everConnected: true, lost: false });
  };
  socket.onmessage = ({ data }) => {
    heardAt = Date.now() / 1000;
    const deltas = JSON.parse(data);
    for (const delta of deltas) if (delta.kind === "answer") settle(delta);
    take(deltas);
  };
  socket.onclose = () => {
    set({ connected: false });
    losing ||= setTimeout(() => set({ lost: true, heardAt }), LOST_MS);
    for (const [id] of waiting) settle({ id, error: "The sandbox is not there any more." });
    setTimeout(connect, pause);
    pause = Math.min(pause * 1.7, SLOWEST_MS);
  };
}

function settle({ id, error }) {
  waiting.get(id)?.(error);
  waiting.delete(id);
}

// Resolves to true where it could be done; otherwise says why not.
export function act(what, values = {}, { quiet = false } = {}) {
  if (socket?.readyState !== WebSocket.OPEN) {
    warn("Not connected: the sandbox is being looked for.");
    return Promise.resolve(false);
  }
  number += 1;
  const id = number;
  return new Promise((resolve) => {
    waiting.set(id, (error) => {
      if (error && !quiet) warn(error);
      resolve(!error);
    });
    socket.send(JSON.stringify({ id, do: what, with: values }));
  });
}

export function become(user) {
  set({ me: user });
  try {
    sessionStorage.setItem("fixloop.me", user);
  } catch {
    // Storage may be off; then the next page begins with the first person again.
  }
  return act("be", { user });
}

function remembered() {
  try {
    return sessionStorage.getItem("fixloop.me") ?? "";
  } catch {
    return "";
  }
}
