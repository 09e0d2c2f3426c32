/** The server's findings, as the page shows them. */
import type { ErrorSchema } from "@rjsf/utils";

import type { FilingForm, Finding } from "./shapes";

export interface Findings {
  errors: Finding[];
  warnings: Finding[];
}

export const NO_FINDINGS: Findings = { errors: [], warnings: [] };

/** Parts a message from the figures behind it in RJSF's lists of plain texts. */
const PART = "\n";

/** Errors in RJSF's shape; `partsOf` takes its texts apart again. */
export function toErrorSchema(errors: Finding[]): ErrorSchema<FilingForm> {
  const root: ErrorSchema = {};
  for (const { field, message, detail } of errors) {
    let place = root as Record<string, ErrorSchema>;
    for (const name of field.split(".")) place = (place[name] ??= {}) as Record<string, ErrorSchema>;
    const list = ((place as ErrorSchema).__errors ??= []);
    list.push(detail ? `${message}${PART}${detail}` : message);
  }
  return root as ErrorSchema<FilingForm>;
}

export function partsOf(error: string): { message: string; detail: string } {
  const [message = "", detail = ""] = error.split(PART);
  return { message, detail };
}
