// What this browser remembers of the page. Without storage a choice lasts as long as the page.
export function kept(name) {
  try {
    return localStorage.getItem(`fixloop.${name}`) ?? "";
  } catch {
    return "";
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`fixloop.${name}`, value);
  } catch {
    // Nothing to do: it is only kept for the next time.
  }
}
