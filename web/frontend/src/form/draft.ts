/** The form being filled in, and its way to the server: saved when the applicant pauses, tried again when the network
 *  fails, kept in the window meanwhile, and never written over what another window saved. */
import { type Api, Refusal, SessionEnded } from "./api";
import type { Keeper } from "./keeper";
import { differences } from "./paths";
import type { Filing, FilingForm, Finding } from "./shapes";

const IDLE_MS = 2000;
const RETRY_MS = [3000, 6000, 12000, 30000];

export type SaveState =
  | { state: "idle" | "saving" | "retrying" | "conflict" | "ended" }
  | { state: "saved"; at: Date }
  | { state: "refused"; problem: Refusal };

export interface DraftState {
  form: FilingForm;
  save: SaveState;
  /** What another window has saved since, while the applicant has not chosen between the two. */
  theirs?: Filing;
  /** False once the filing is submitted, from wherever. */
  editable: boolean;
  /** Whether the form was found in the window and not at the server. */
  restored: boolean;
}

export class Draft {
  #state: DraftState;
  #saved: FilingForm;
  #revision: number;
  #running: Promise<boolean> | undefined;
  #timer = 0;
  #failures = 0;
  readonly #listeners = new Set<() => void>();

  constructor(
    readonly api: Api,
    readonly keeper: Keeper,
    filing: Filing,
  ) {
    this.#saved = filing.form;
    this.#revision = filing.revision;
    this.#state = { form: filing.form, save: { state: "idle" }, editable: filing.editable, restored: false };
    window.addEventListener("online", () => this.#state.save.state === "retrying" && void this.save());
    this.#restore(filing);
  }

  get state(): DraftState {
    return this.#state;
  }

  get dirty(): boolean {
    return differences(this.#state.form, this.#saved).length > 0;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): DraftState => this.#state;

  edit(form: FilingForm): void {
    this.#set({ form });
    if (!this.dirty) return this.keeper.forget();
    this.keeper.keep(form, this.#revision);
    if (this.#waitsForPerson()) return;
    this.#failures = 0;
    this.#saveIn(IDLE_MS);
  }

  /** Whether everything typed is now at the server; false while it is not, for whatever reason. */
  async save(): Promise<boolean> {
    window.clearTimeout(this.#timer);
    if (this.#running) await this.#running;
    if (this.#waitsForPerson()) return false;
    if (!this.dirty) {
      // Taken back before it could be saved: there is nothing to try again.
      if (["retrying", "refused"].includes(this.#state.save.state)) this.#set({ save: { state: "idle" } });
      return true;
    }
    this.#running = this.#put().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** The applicant's own version goes over the other window's. */
  keepMine(): void {
    if (!this.#state.theirs) return;
    this.#adopt(this.#state.theirs);
    this.#set({ theirs: undefined, save: { state: "idle" } });
    void this.save();
  }

  takeTheirs(): void {
    if (!this.#state.theirs) return;
    this.#adopt(this.#state.theirs);
    this.keeper.forget();
    this.#set({ form: this.#saved, theirs: undefined, save: { state: "idle" }, restored: false });
  }

  /** What was found in the window is as good as typed. */
  acceptRestored(): void {
    this.#set({ restored: false });
  }

  /** Back to what the server had, instead of what was found in the window. */
  discardRestored(form: FilingForm): void {
    this.acceptRestored();
    this.edit(form);
  }

  /** The filing is submitted: nothing is left to save. */
  finish(): void {
    window.clearTimeout(this.#timer);
    this.#saved = this.#state.form;
    this.keeper.forget();
  }

  sessionEnded(): void {
    if (this.dirty) this.keeper.keep(this.#state.form, this.#revision);
    this.#set({ save: { state: "ended" } });
  }

  #restore(filing: Filing): void {
    const kept = this.keeper.kept();
    if (!kept || !filing.editable || differences(kept.form, filing.form).length === 0) return this.keeper.forget();
    this.#set({ form: kept.form, restored: true });
    if (kept.revision === filing.revision) this.#saveIn(IDLE_MS);
    else this.#set({ theirs: filing, save: { state: "conflict" } });
  }

  async #put(): Promise<boolean> {
    const sent = this.#state.form;
    this.#set({ save: { state: "saving" } });
    try {
      const filing = await this.api.save(sent, this.#revision);
      this.#adopt(filing);
      this.#failures = 0;
      // What was typed while the answer was on its way stays, and is saved in its turn.
      const unchanged = this.#state.form === sent;
      if (unchanged) this.keeper.forget();
      else this.#saveIn(IDLE_MS);
      this.#set({ save: { state: "saved", at: new Date() }, ...(unchanged && { form: filing.form }) });
      return unchanged;
    } catch (error) {
      await this.#failed(error);
      return false;
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (error instanceof SessionEnded) return this.sessionEnded();
    if (error instanceof Refusal && error.status === 409) return this.#compare(error);
    if (error instanceof Refusal && error.status < 500) return this.#set({ save: { state: "refused", problem: error } });
    this.#retry();
  }

  #retry(): void {
    this.#set({ save: { state: "retrying" } });
    this.#saveIn(RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? IDLE_MS);
  }

  async #compare(refusal: Refusal): Promise<void> {
    let theirs: Filing;
    try {
      theirs = await this.api.filing();
    } catch (error) {
      return error instanceof SessionEnded ? this.sessionEnded() : this.#retry();
    }
    if (!theirs.editable) return this.#set({ editable: false, save: { state: "refused", problem: refusal } });
    if (differences(theirs.form, this.#saved).length > 0) return this.#set({ theirs, save: { state: "conflict" } });
    // Only the number is new (an attachment came or went): nobody's words are overwritten.
    this.#adopt(theirs);
    this.#retry();
  }

  #adopt(filing: Filing): void {
    this.#saved = filing.form;
    this.#revision = filing.revision;
  }

  #waitsForPerson(): boolean {
    return !this.#state.editable || ["conflict", "ended"].includes(this.#state.save.state);
  }

  #saveIn(delay: number): void {
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.save(), delay);
  }

  #set(change: Partial<DraftState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

/** The fields that a refused save complains of. */
export function refusedFields(save: SaveState): Finding[] {
  return save.state === "refused" ? save.problem.errors : [];
}
