/** The server's check of what is being typed: at once when a field is left, else when the typing pauses. */
import { useCallback, useEffect, useRef, useState } from "react";

import type { Api } from "./api";
import { whenReleased } from "./pointer";
import type { CheckAnswer, FilingForm } from "./shapes";

const PAUSE_MS = 600;

const NOTHING: CheckAnswer = { errors: [], warnings: [] };

export interface Check {
  answer: CheckAnswer;
  /** A field was left: the check need not wait for a pause. */
  hurry: () => void;
  /** Asks now; raises what the call raises. */
  ask: (form: FilingForm) => Promise<CheckAnswer>;
}

export function useCheck(api: Api, form: FilingForm, onFailure: (error: unknown) => boolean): Check {
  const [answer, setAnswer] = useState(NOTHING);
  const pending = useRef<(() => void) | undefined>(undefined);

  useEffect(() => {
    const abort = new AbortController();
    const run = async () => {
      pending.current = undefined;
      window.clearTimeout(timer);
      try {
        const said = await api.check(form, abort.signal);
        whenReleased(() => !abort.signal.aborted && setAnswer(said));
      } catch (error) {
        // No answer for now: the last one stands, and the next change asks again.
        if (!abort.signal.aborted) onFailure(error);
      }
    };
    const timer = window.setTimeout(() => void run(), PAUSE_MS);
    pending.current = () => void run();
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [api, form, onFailure]);

  const hurry = useCallback(() => pending.current?.(), []);
  const ask = useCallback(
    async (now: FilingForm) => {
      pending.current = undefined;
      const said = await api.check(now);
      setAnswer(said);
      return said;
    },
    [api],
  );
  return { answer, hurry, ask };
}
