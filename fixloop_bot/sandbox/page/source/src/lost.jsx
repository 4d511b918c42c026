// While the sandbox does not answer: since when, what to do, and that all one sees is from before. It stands in its own
// line, in the place of the first steps, and covers nothing.
import { useStore } from "./store.js";
import { clockS } from "./words.js";

export function Lost() {
  const lost = useStore((now) => now.lost);
  const heardAt = useStore((now) => now.heardAt);
  // The alert is there before its words: a screen reader speaks only of what changes in it.
  return (
    <div className="lost" role="alert">
      {lost && (
        <p className="panel">
          <span className="dot busy" aria-hidden="true" />
          <span>
            <strong>The sandbox has not answered{heardAt > 0 && ` since ${clockS(heardAt)}`}.</strong> What you see is from then. Is <code>fixloop sandbox</code> still running? The page comes back by itself.
          </span>
        </p>
      )}
    </div>
  );
}
