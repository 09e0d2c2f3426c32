/** A figure that is grouped to be read and plain to be typed. */
import { type FocusEvent, useState } from "react";
import { flushSync } from "react-dom";

export interface Typing {
  /** What is being typed; undefined while the field is not in focus. */
  typed: string | undefined;
  begin: (event: FocusEvent<HTMLInputElement>, plain: string) => void;
  type: (text: string) => void;
  end: () => void;
}

export function useTyping(): Typing {
  const [typed, setTyped] = useState<string>();
  return {
    typed,
    begin: (event, plain) => {
      const input = event.target;
      // Another text in the field drops the selection that came with the focus, and typing would then append.
      flushSync(() => setTyped(plain));
      input.select();
    },
    type: setTyped,
    end: () => setTyped(undefined),
  };
}
