/** What was typed and is not yet saved, kept in this window until the server has it. A log-in in between, a reload or
 *  a crash of the page lose nothing; closing the window forgets it. */
import type { FilingForm } from "./shapes";

interface Kept {
  revision: number;
  form: FilingForm;
}

export class Keeper {
  readonly #key: string;

  constructor(filingId: string) {
    this.#key = `jigai.filing.${filingId}`;
  }

  keep(form: FilingForm, revision: number): void {
    try {
      sessionStorage.setItem(this.#key, JSON.stringify({ revision, form } satisfies Kept));
    } catch {
      // Storage is full or forbidden: the page still holds the form, and asks before it is left.
    }
  }

  kept(): Kept | undefined {
    try {
      return (JSON.parse(sessionStorage.getItem(this.#key) ?? "null") as Kept | null) ?? undefined;
    } catch {
      return undefined;
    }
  }

  forget(): void {
    try {
      sessionStorage.removeItem(this.#key);
    } catch {
      // As above.
    }
  }
}
