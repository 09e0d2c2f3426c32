/** What the page's frame is told: progress, the summary of errors, the autosave line and the note in the bar. */
import type { FormMessage, FormState, SectionState } from "../behaviours/filing-frame";
import type { SaveState } from "./draft";
import { ENTERPRISE_FIELDS } from "./enterprise";
import type { Findings } from "./findings";
import { idOf, isFilled, type Layout } from "./layout";
import { textAt, valueAt } from "./paths";
import type { Attachment, FilingForm, Finding, Material, Section } from "./shapes";
import { fill, TEXTS } from "./texts";

export type FrameAction = "save" | "check" | "preview" | "submit";

interface Known {
  layout: Layout;
  form: FilingForm;
  enterprise: Record<string, unknown>;
  attachments: Attachment[];
  materials: Material[];
  findings: Findings;
  /** Whether errors are listed on top: once the applicant has asked to check or submit. */
  listed: boolean;
  current: string;
  save: SaveState;
  correcting: boolean;
  held: boolean;
  busy: FrameAction | "";
}

export function tellFrame(known: Known): void {
  document.dispatchEvent(new CustomEvent<FormState>("jg:form-state", { detail: frameState(known) }));
}

function frameState(known: Known): FormState {
  const { layout, findings } = known;
  const sections = layout.sections.map((section) => sectionState(section, known));
  // Materials are optional: they count in their own line, not in what is to be done.
  const counted = sections.filter((_, index) => layout.sections[index]?.kind !== "attachments");
  const done = counted.reduce((sum, section) => sum + section.done, 0);
  const total = counted.reduce((sum, section) => sum + section.total, 0);
  const wrong = findings.errors.filter(({ field }) => {
    const place = layout.field(field);
    return !place?.required || isFilled(place, valueAt(known.form, field));
  });
  return {
    done,
    total,
    sections,
    // What is merely not filled in yet is no error to list before somebody asks.
    errors: (known.listed ? findings.errors : wrong).map((finding) => message(finding, layout)),
    ...note(wrong.length, total - done, findings.warnings.length, known.held),
    saved: savedLine(known.save, known.correcting),
    busy: known.busy,
    words: { summary: TEXTS.summary, colon: TEXTS.colon, errorCount: TEXTS.errorCount, warningCount: TEXTS.warningCount, optional: TEXTS.optionalSection },
  };
}

function sectionState(section: Section, known: Known): SectionState {
  const here = (finding: Finding) => known.layout.sectionOf(finding.field)?.id === section.id;
  return {
    id: section.id,
    ...progress(section, known),
    errors: known.findings.errors.filter(here).length,
    warnings: known.findings.warnings.filter(here).length,
    current: section.id === known.current,
  };
}

function progress(section: Section, { layout, form, enterprise, attachments, materials }: Known): { done: number; total: number } {
  if (section.kind === "enterprise") {
    const done = ENTERPRISE_FIELDS.filter((path) => textAt(enterprise, path) !== "").length;
    return { done, total: ENTERPRISE_FIELDS.length };
  }
  if (section.kind === "attachments") return { done: attachments.length, total: attachments.length };
  return layout.progress(section, form, materials);
}

function message({ field, message: text }: Finding, layout: Layout): FormMessage {
  const section = layout.sectionOf(field);
  const target = layout.around(field) ? idOf(field) : section ? `filing-${section.id === "files" ? "attachments" : section.id}` : "form-summary";
  const title = layout.around(field)?.title;
  const where = section && title ? fill(TEXTS.place, { section: section.title, field: title }) : (section?.title ?? "");
  return { text, where, target };
}

function note(errors: number, missing: number, warnings: number, held: boolean): { note: string; noteIsError: boolean } {
  if (errors && missing) return { note: fill(TEXTS.noteErrorsAndMissing, { errors, missing }), noteIsError: true };
  if (errors) return { note: fill(TEXTS.noteErrors, { errors }), noteIsError: true };
  if (missing) return { note: fill(TEXTS.noteMissing, { missing }), noteIsError: false };
  if (warnings && !held) return { note: fill(TEXTS.noteWarnings, { n: warnings }), noteIsError: false };
  return { note: readyText(held), noteIsError: false };
}

/** What is said of a form that nothing stands against. */
export function readyText(held: boolean): string {
  return held ? TEXTS.noteHeld : TEXTS.noteReady;
}

const CLOCK = new Intl.DateTimeFormat("zh-CN", { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "Asia/Shanghai" });

function savedLine(save: SaveState, correcting: boolean): NonNullable<FormState["saved"]> {
  switch (save.state) {
    case "idle":
      return { state: "idle", text: "" };
    case "saving":
      return { state: "saving", text: TEXTS.saving };
    case "saved":
      return { state: "saved", text: fill(correcting ? TEXTS.savedCorrection : TEXTS.savedDraft, { time: CLOCK.format(save.at) }) };
    case "retrying":
      return { state: "failed", text: TEXTS.saveRetrying };
    case "refused":
      return { state: "failed", text: TEXTS.saveRefused };
    case "conflict":
      return { state: "failed", text: TEXTS.saveConflict };
    case "ended":
      return { state: "failed", text: TEXTS.sessionEnded };
  }
}
