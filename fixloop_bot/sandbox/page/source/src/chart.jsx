// A monitor's series: the line, the limit, and marks where the shop was broken or mended. It shows three minutes at
// least, and as many more, up to ten, as there is data for.
import { memo, useRef, useState } from "react";
import { clockS, isShare, reading } from "./words.js";

const WIDTH = 400;
const HEIGHT = 56;
const SHORTEST_S = 180;
const WORD = { broken: "broken", "half-fixed": "half-fixed", fixed: "fixed", off: "off" };

export const Chart = memo(function Chart({ points, monitor, shown: longest, marks, small }) {
  const [at, setAt] = useState(null);
  const frame = useRef(null);
  const known = [...points].filter(([, value]) => value !== null);
  const end = Math.max(...points.keys(), Date.now() / 1000 - 10);
  const shown = Math.min(longest, Math.max(SHORTEST_S, known.length ? end - known[0][0] : 0));
  const start = end - shown;
  const highest = Math.max(...known.map(([, value]) => value), (monitor.limit ?? 0) * 1.7, 1e-9) * 1.12;
  const top = isShare(monitor.query) ? Math.min(highest, 1) : highest;
  const x = (time) => ((time - start) / shown) * WIDTH;
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - 3) - 1;
  const pieces = runs([...points], x, y);
  const near = at === null ? null : known.reduce((best, point) => (best && Math.abs(best[0] - at) < Math.abs(point[0] - at) ? best : point), null);
  const over = (value) => (monitor.comparator.startsWith("<") ? value < monitor.limit : value > monitor.limit);
  const move = (event) => {
    const box = frame.current.getBoundingClientRect();
    setAt(start + ((event.clientX - box.left) / box.width) * shown);
  };
  const says = known.length ? `${monitor.name}: ${reading(known.at(-1)[1], monitor.query)} now, limit ${reading(monitor.limit, monitor.query)}` : `${monitor.name}: no data yet`;
  if (small) {
    return (
      <svg className="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={says}>
        {pieces.map((piece) => (
          <path key={piece.line} className="line" d={piece.line} />
        ))}
      </svg>
    );
  }
  return (
    <div className="chart" ref={frame} onPointerMove={move} onPointerLeave={() => setAt(null)}>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={says}>
        {monitor.limit !== null && (
          <>
            <rect className="beyond" x="0" width={WIDTH} y="0" height={Math.max(0, y(monitor.limit))} />
            <line className="limit" x1="0" x2={WIDTH} y1={y(monitor.limit)} y2={y(monitor.limit)} />
          </>
        )}
        {pieces.map((piece) => (
          <g key={piece.line}>
            <path className="area" d={piece.area} />
            <path className="line" d={piece.line} />
          </g>
        ))}
        {marks
          .filter((each) => each.at > start)
          .map((each) => (
            <line key={`${each.at}${each.what}`} className={`event ${each.what}`} x1={x(each.at)} x2={x(each.at)} y1="0" y2={HEIGHT}>
              <title>{`${each.fault} ${WORD[each.what] ?? each.what}, ${clockS(each.at)}`}</title>
            </line>
          ))}
        {near && <line className="cursor" x1={x(near[0])} x2={x(near[0])} y1="0" y2={HEIGHT} />}
      </svg>
      {known.length === 0 && <span className="no-data">No data yet</span>}
      <span className="scale">
        {reading(top, monitor.query)} · last {Math.round(shown / 60)} min
      </span>
      {near && (
        <span className={`tip ${over(near[1]) ? "bad" : ""}`} style={{ left: `${Math.min(78, Math.max(0, (x(near[0]) / WIDTH) * 100))}%` }}>
          {reading(near[1], monitor.query)} · {clockS(near[0])}
        </span>
      )}
    </div>
  );
});

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
