// Small line icons, drawn here so that nothing is loaded from elsewhere.
const PATHS = {
  hash: "M6.5 2.5 5 13.5M11 2.5 9.5 13.5M3 6h11M2 10h11",
  lock: "M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3.5 7h9v6.5h-9z",
  archive: "M2 3h12v3H2zM3 6v7.5h10V6M6.5 9h3",
  thread: "M3 3h10v7H8l-3 3v-3H3z",
  home: "M2.5 7.5 8 3l5.5 4.5M4 6.5v7h8v-7M7 13.5v-4h2v4",
  bot: "M8 2v2M3.5 4.5h9v8h-9zM6 8h.01M10 8h.01M6.5 10.5h3",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.5 9.5A5.8 5.8 0 0 1 6.5 2.5a5.8 5.8 0 1 0 7 7z",
  send: "M2.5 8 13.5 3 10 13.5 7.5 9z M7.5 9 13.5 3",
  smile: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.8 9.5s.7 1.3 2.2 1.3 2.2-1.3 2.2-1.3M6 6.5h.01M10 6.5h.01",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  minus: "M4 8h8",
  help: "M6 6.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4M8 11.8h.01",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  close: "M4 4l8 8M12 4l-8 8",
  back: "M10 3 5 8l5 5",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  play: "M5 3.5v9l7-4.5z",
  stop: "M4.5 4.5h7v7h-7z",
  bolt: "M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z",
  pulse: "M1.5 8.5H4l2-5 3.5 9 2-6 1 2h2",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5 14 14",
  check: "m3 8.5 3.5 3.5L13 4.5",
  eye: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
  link: "M6.5 9.5 9.5 6.5M7 4.5l1-1a2.8 2.8 0 0 1 4 4l-1 1M9 11.5l-1 1a2.8 2.8 0 0 1-4-4l1-1",
  edit: "M3 13l.8-3L10.5 3.3l2.2 2.2L6 12.2z",
  bin: "M3 4.5h10M6 4.5V3h4v1.5M4.5 4.5l.5 9h6l.5-9",
  pin: "M6 2.5h4l-.5 4 2 2.5h-7l2-2.5zM8 9v4.5",
  book: "M4 2.5h8v11l-4-2.6-4 2.6z",
  doc: "M4 2.5h5.5L12 5v8.5H4zM6 7h4M6 9.5h4",
  wrench: "M10.5 2.5a3 3 0 0 0-3 4L3 11v2h2l4.5-4.5a3 3 0 0 0 4-3.8L11.6 6.500 9.700 4.600z",
};

export const Icon = ({ name, size = 16 }) => (
  <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
    <path d={PATHS[name]} />
  </svg>
);

export const Mark = ({ size = 26 }) => (
  <svg className="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
    <path d="M25 16a9 9 0 1 1-3-6.7" />
    <path d="m11.5 16.2 3.2 3.2L22.6 11" />
  </svg>
);
