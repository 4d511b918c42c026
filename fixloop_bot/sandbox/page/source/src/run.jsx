// The incident's newest run: its steps as they are decided, what still runs and what failed with its figures in full.
import { Icon } from "./icons.jsx";
import { useNow } from "./incident.jsx";
import { show } from "./show.js";

const SIGNS = { passed: "check", failed: "close", inconclusive: "help", skipped: "minus", "left out": "minus", manual: "edit", running: "pulse" };
const COUNTED = ["passed", "failed", "inconclusive"];

export function Run() {
  const incident = useNow();
  const run = incident?.run;
  if (!run) return null;
  const decided = run.steps.filter((each) => each.mark !== "running").length;
  return (
    <section className="run" aria-label="Run">
      <h3>
        <button type="button" className="go-there" title="Show it in the thread" onClick={() => show(incident.channel, run.ts, incident.ts)}>
          {run.heading}
        </button>
        <span className="tally">
          {COUNTED.map((mark) => {
            const count = run.steps.filter((each) => each.mark === mark).length;
            return count > 0 && <span key={mark} className={mark}>{`${count} ${mark}`}</span>;
          })}
          <span>
            {decided} of {run.steps.length} decided
          </span>
        </span>
      </h3>
      <div className="progress" role="progressbar" aria-label="Steps decided" aria-valuemin={0} aria-valuemax={run.steps.length} aria-valuenow={decided}>
        {run.steps.map((each) => (
          <span key={each.number} className={each.mark.replace(" ", "-")} />
        ))}
      </div>
      <ol>
        {run.steps.map((each) => (
          <Step key={each.number} step={each} />
        ))}
      </ol>
    </section>
  );
}

// "before 2/2 failed (503) → now 0/112 failed, p95 6.8 ms (limit 400 ms)": what changed; the whole is in the thread.
function brief(figures) {
  const bare = (part) => part.trim().replace(/^(before|now) /, "").replace(/ \(.*|, .*/, "").replace(/ failed$/, "");
  const [before, after] = figures.split("→");
  return after ? `${bare(before)} → ${bare(after)}` : figures;
}

function Step({ step }) {
  const [state, left] = step.state.split(" · ");
  return (
    <li className={step.mark.replace(" ", "-")}>
      <span className="sign">
        <Icon name={SIGNS[step.mark]} size={12} />
      </span>
      <span className="words">
        <span className="title" title={step.title}>
          {step.title}
        </span>
        {step.figures && (
          <span className="figures" title={step.figures}>
            {step.mark === "failed" ? step.figures : brief(step.figures)}
          </span>
        )}
      </span>
      <span className="state">{left ?? state}</span>
    </li>
  );
}
