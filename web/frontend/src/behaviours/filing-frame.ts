/** The frame around the filing form: progress, summary, autosave and bar. The form inside tells it its state by the
 *  event "jg:form-state" and hears of the bar's buttons by "jg:form-action"; FORMS.md describes both. */
import { all, on } from "./dom";

export interface SectionState {
  id: string;
  done: number;
  /** 0 where nothing has to be filled in. */
  total: number;
  errors: number;
  warnings: number;
  current?: boolean;
}

export interface FormMessage {
  text: string;
  where: string;
  target: string;
}

export interface FormState {
  done: number;
  total: number;
  sections: SectionState[];
  errors: FormMessage[];
  /** The one line beside the buttons; empty hides it. */
  note?: string;
  noteIsError?: boolean;
  saved?: { state: "saving" | "saved" | "failed" | "idle"; text: string };
  busy?: "save" | "check" | "preview" | "submit" | "";
  /** Texts of the frame, given by the form so that one catalogue holds them. */
  words: { summary: string; colon: string; errorCount: string; warningCount: string; optional: string };
}

const sprite = (): string =>
  (document.querySelector("svg.jg-icon use")?.getAttribute("href") ?? "").replace(/#.*/, "");

function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "jg-icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${sprite()}#${name}`);
  svg.append(use);
  return svg;
}

function element(tag: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

export function followFilingForm(): void {
  const mount = document.getElementById("filing-form");
  if (!mount) return;
  let ready = false;
  let early: string | undefined;
  const act = (action: string | undefined): void => {
    mount.dispatchEvent(new CustomEvent("jg:form-action", { detail: { action } }));
  };
  on("click", "[data-jg-form]", (button) => {
    if (button.getAttribute("aria-disabled") === "true") return;
    // Where the form is still loading, nobody would hear of the click: it waits for the form.
    if (ready) act(button.dataset.jgForm);
    else early ??= button.dataset.jgForm;
  });
  document.addEventListener("jg:form-state", (event) => {
    show((event as CustomEvent<FormState>).detail);
    if (ready) return;
    ready = true;
    if (early) window.setTimeout(act, 0, early);
  });
}

function show(state: FormState): void {
  for (const total of all("[data-jg-done]")) {
    total.textContent = (total.textContent ?? "").replace(/^\d+ \/ \d+/, `${state.done} / ${state.total}`);
  }
  for (const bar of all<HTMLProgressElement>("#form-progress progress, #form-progress-mobile progress")) {
    bar.max = Math.max(state.total, 1);
    bar.value = state.done;
  }
  state.sections.forEach((section, index) => showSection(section, index, state.words));
  showSummary(state);
  showNote(state);
}

function showSection(section: SectionState, index: number, words: FormState["words"]): void {
  const link = document.querySelector<HTMLElement>(`.jg-progress-item[data-section="${CSS.escape(section.id)}"]`);
  if (!link) return;
  const complete = section.total > 0 && section.done >= section.total && section.errors + section.warnings === 0;
  link.classList.toggle("is-error", section.errors > 0);
  link.classList.toggle("is-warning", section.errors === 0 && section.warnings > 0);
  link.classList.toggle("is-done", complete);
  if (section.current) link.setAttribute("aria-current", "step");
  else link.removeAttribute("aria-current");
  const dot = link.querySelector(".jg-progress-dot");
  const count = link.querySelector(".jg-progress-count");
  const flagged = section.errors + section.warnings > 0;
  dot?.replaceChildren(complete ? icon("check") : flagged ? "!" : String(index + 1));
  if (!count) return;
  if (section.errors > 0) count.textContent = words.errorCount.replace("{n}", String(section.errors));
  else if (section.warnings > 0) count.textContent = words.warningCount.replace("{n}", String(section.warnings));
  else count.textContent = section.total > 0 ? `${section.done}/${section.total}` : words.optional;
}

let summarized = "[]";

/** Draws the summary anew only when it says something else: drawing takes the focus off its links and is read aloud. */
function showSummary(state: FormState): void {
  const place = document.getElementById("form-summary");
  const said = JSON.stringify(state.errors);
  if (!place || said === summarized) return;
  summarized = said;
  if (state.errors.length === 0) {
    place.replaceChildren();
    return;
  }
  const list = document.createElement("ul");
  for (const error of state.errors) {
    const link = document.createElement("a");
    link.href = `#${error.target}`;
    link.textContent = error.where;
    link.addEventListener("click", () => document.getElementById(error.target)?.focus());
    list.append(element("li", "", link, error.where ? state.words.colon : "", error.text));
  }
  const title = document.createElement("b");
  title.textContent = state.words.summary.replace("{n}", String(state.errors.length));
  const body = element("div", "jg-alert-body", title, list);
  const alert = element("div", "jg-alert jg-alert-error jg-flash", icon("alert-circle"), body);
  alert.setAttribute("role", "alert");
  place.replaceChildren(alert);
}

function showNote(state: FormState): void {
  const note = document.getElementById("form-bar-note");
  if (note) {
    note.textContent = state.note ?? "";
    note.classList.toggle("is-error", Boolean(state.noteIsError));
  }
  const autosave = document.getElementById("form-autosave");
  if (autosave && state.saved) {
    const glyph = { saving: "cloud-up", saved: "cloud-check", failed: "cloud-off", idle: "" }[state.saved.state];
    autosave.className = `jg-autosave is-${state.saved.state}`;
    autosave.replaceChildren(...(glyph ? [icon(glyph)] : []), state.saved.text);
  }
  for (const button of all<HTMLButtonElement>("[data-jg-form]")) {
    const label = button.querySelector("span");
    const busy = Boolean(state.busy);
    button.toggleAttribute("aria-disabled", busy);
    if (busy) button.setAttribute("aria-disabled", "true");
    if (!label || !button.dataset.waiting) continue;
    button.dataset.rest ??= label.textContent ?? "";
    label.textContent = state.busy === button.dataset.jgForm ? button.dataset.waiting : button.dataset.rest;
  }
}
