// A monitor's series: the line, the limit, and marks, with a word each, where the shop was broken or mended and where a
// run began. It shows three minutes at least, and as many more, up to ten, as there is data for.
import { memo, useId, useRef, useState } from "react";
import { clockS, isShare, reading } from "./words.js";

const WIDTH = 400;
const HEIGHT = 56;
const SHORTEST_S = 180;
const WORD = { broken: "broken", "half-fixed": "half-fixed", fixed: "fixed", off: "off", confirm: "confirm", validate: "validate", watch: "watch", another: "again" };
const RUNS = new Set(["confirm", "validate", "watch", "another"]);
// Of a deck's width: what a word at a mark needs beside it.
const room = (word) => (word.length * 6.2 + 10) / 360;
const STEPS = [1, 1.5, 2, 3, 5, 7.5, 10];

export const Chart = memo(function Chart({ points, monitor, shown, marks, small, worded }) {
  const plot = plotted([...points], monitor, shown, marks);
  const says = plot.known.length ? `${monitor.name}: ${reading(plot.known.at(-1)[1], monitor.query)} now, limit ${reading(monitor.limit, monitor.query)}` : `${monitor.name}: no data yet`;
  if (small) {
    return (
      <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={says}>
        {plot.pieces.map((piece) => (
          <path key={piece.line} className="line" d={piece.line} />
        ))}
      </svg>
    );
  }
  return <Large plot={plot} monitor={monitor} says={says} marks={marks.filter((each) => each.at > plot.start)} worded={worded} />;
});

function Large({ plot, monitor, says, marks, worded }) {
  const [at, setAt] = useState(null);
  const frame = useRef(null);
  const { known, start, shown, x, y } = plot;
  const near = at === null ? null : known.reduce((best, point) => (best && Math.abs(best[0] - at) < Math.abs(point[0] - at) ? best : point), null);
  const over = (value) => monitor.limit !== null && (monitor.comparator.startsWith("<") ? value < monitor.limit : value > monitor.limit);
  const move = (event) => {
    const box = frame.current.getBoundingClientRect();
    setAt(start + ((event.clientX - box.left) / box.width) * shown);
  };
  const last = known.at(-1);
  return (
    <div className="chart">
      {worded && marks.length > 0 && (
        <>
          <Marks marks={marks.filter((each) => !RUNS.has(each.what))} plot={plot} />
          <Marks marks={marks.filter((each) => RUNS.has(each.what))} plot={plot} />
        </>
      )}
      <div className="plot" ref={frame} onPointerMove={move} onPointerLeave={() => setAt(null)}>
        <Drawing plot={plot} monitor={monitor} says={says} marks={marks} near={near} />
        {last && <span className={`last ${over(last[1]) ? "bad" : ""}`} style={{ left: share(x(last[0]), WIDTH), top: share(y(last[1]), HEIGHT) }} />}
        {known.length === 0 && <span className="no-data">No data yet</span>}
        <span className="scale">{reading(plot.top, monitor.query)}</span>
        {near && (
          <span className={`tip ${over(near[1]) ? "bad" : ""}`} style={{ left: `${Math.min(72, Math.max(0, (x(near[0]) / WIDTH) * 100 + 1))}%` }}>
            <strong>{reading(near[1], monitor.query)}</strong> {over(near[1]) ? "over the limit" : "within"} · {clockS(near[0])}
          </span>
        )}
      </div>
      <div className="axis" aria-hidden="true">
        {minutes(shown).map((each) => (
          <span key={each} style={{ left: `${(1 - (each * 60) / shown) * 100}%` }}>
            {each ? `−${each} min` : "now"}
          </span>
        ))}
      </div>
    </div>
  );
}

function Drawing({ plot, monitor, says, marks, near }) {
  const clip = useId();
  const { x, y, shown, pieces } = plot;
  const limit = monitor.limit === null ? null : y(monitor.limit);
  const beyond = limit === null ? null : monitor.comparator.startsWith("<") ? [limit, HEIGHT] : [0, limit];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={says}>
      {minutes(shown).map((each) => (
        <line key={each} className="minute" x1={WIDTH * (1 - (each * 60) / shown)} x2={WIDTH * (1 - (each * 60) / shown)} y1="0" y2={HEIGHT} />
      ))}
      {beyond && (
        <>
          <clipPath id={clip}>
            <rect x="0" width={WIDTH} y={beyond[0]} height={Math.max(0, beyond[1] - beyond[0])} />
          </clipPath>
          <rect className="beyond" x="0" width={WIDTH} y={beyond[0]} height={Math.max(0, beyond[1] - beyond[0])} />
          <line className="limit" x1="0" x2={WIDTH} y1={limit} y2={limit} />
        </>
      )}
      {pieces.map((piece) => (
        <g key={piece.line}>
          <path className="area" d={piece.area} />
          <path className="line" d={piece.line} />
          {beyond && <path className="line over" d={piece.line} clipPath={`url(#${clip})`} />}
        </g>
      ))}
      {marks.map((each) => (
        <line key={`${each.at}${each.what}`} className={`event ${kind(each)}`} x1={x(each.at)} x2={x(each.at)} y1="0" y2={HEIGHT} />
      ))}
      {near && <line className="cursor" x1={x(near[0])} x2={x(near[0])} y1="0" y2={HEIGHT} />}
    </svg>
  );
}

// The shop's switches have one line of words, runs another. The newest word has the first choice: to the right of its mark,
// or to the left where that is taken; a word that has no room leaves its mark alone.
function Marks({ marks, plot }) {
  let free = 1;
  const words = [...marks].reverse().map((each) => {
    const here = plot.x(each.at) / WIDTH;
    const wide = room(WORD[each.what] ?? each.what);
    if (here > free) return null;
    const right = here + wide <= free;
    free = right ? here : here - wide;
    return { ...each, side: right ? "right" : "left", here };
  });
  return (
    <div className="marks">
      {words.map(
        (each) =>
          each && (
            <span key={`${each.at}${each.what}`} className={`${kind(each)} ${each.side}`} style={{ left: `${each.here * 100}%` }} title={`${each.fault}${RUNS.has(each.what) ? "" : ` ${WORD[each.what]}`}, ${clockS(each.at)}`}>
              {WORD[each.what] ?? each.what}
            </span>
          ),
      )}
    </div>
  );
}

const kind = (mark) => (RUNS.has(mark.what) ? "run-mark" : mark.what);
const share = (part, whole) => `${Math.min(100, Math.max(0, (part / whole) * 100))}%`;

function minutes(shown) {
  const every = shown > 400 ? 2 : 1;
  return Array.from({ length: Math.floor(shown / 60 / every) + 1 }, (_, index) => index * every).filter((each) => each * 60 < shown * 0.97);
}

// The newest mark is shown at once, though the series is some seconds behind.
function plotted(points, monitor, longest, marks) {
  const known = points.filter(([, value]) => value !== null);
  const end = Math.max(...[...points.map(([at]) => at), ...marks.map(({ at }) => at), Date.now() / 1000 - 10]);
  const shown = Math.min(longest, Math.max(SHORTEST_S, known.length ? end - known[0][0] : 0));
  const start = end - shown;
  const highest = nice(Math.max(...known.map(([, value]) => value), (monitor.limit ?? 0) * 1.7, 1e-9) * 1.05);
  const top = isShare(monitor.query) ? Math.min(highest, 1) : highest;
  const x = (time) => ((time - start) / shown) * WIDTH;
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 3) - 1;
  return { known, start, shown, top, x, y, pieces: runs(points, x, y) };
}

// The scale grows in steps, so that the line does not shift with every point.
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return STEPS.find((each) => each * power >= value * 0.9999) * power;
}

// A gap in the data is a gap in the line.
function runs(points, x, y) {
  const pieces = [];
  let open = [];
  for (const [at, value] of [...points, [0, null]]) {
    if (value !== null) open.push([x(at), y(value)]);
    else if (open.length) {
      const line = open.map(([left, top], index) => `${index ? "L" : "M"}${left.toFixed(1)} ${top.toFixed(1)}`).join("");
      pieces.push({ line: open.length === 1 ? `${line}h1.5` : line, area: `${line}V${HEIGHT}H${open[0][0].toFixed(1)}Z` });
      open = [];
    }
  }
  return pieces;
}
