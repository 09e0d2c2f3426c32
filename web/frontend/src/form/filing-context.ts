/** What sections, templates and widgets share beside the value of their own field. */
import { createContext, useContext } from "react";

import type { Api } from "./api";
import type { Findings } from "./findings";
import type { Layout } from "./layout";
import type { Attachment, FilingForm, Hint, Material } from "./shapes";

export type Verification = "none" | "busy" | "passed" | "refused" | "unavailable";

export interface FilingContextValue {
  api: Api;
  layout: Layout;
  form: FilingForm;
  enterprise: Record<string, unknown>;
  companyUrl: string;
  attachments: Attachment[];
  setAttachments: (change: (now: Attachment[]) => Attachment[]) => void;
  /** What is shown now: fields that nobody has come to yet stay silent. */
  findings: Findings;
  hints: Hint[];
  computed: FilingForm;
  /** None while the form does not say enough. */
  materials: Material[];
  verification: Verification;
  verifyCode: () => void;
  /** Fills other fields than the widget's own. */
  fillIn: (values: Record<string, unknown>) => void;
  /** Reports a failed call: an ended session is dealt with, and true is returned. */
  onFailure: (error: unknown) => boolean;
  disabled: boolean;
}

export const FilingContext = createContext<FilingContextValue | null>(null);

export function useFiling(): FilingContextValue {
  const value = useContext(FilingContext);
  if (!value) throw new Error("outside of the filing form");
  return value;
}
