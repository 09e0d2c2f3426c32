/** What the server sends and takes, as the REST interface documents it, and what the form's files say. */
import type { RJSFSchema, UiSchema } from "@rjsf/utils";

/** A filing's fields by name; amounts are texts, and a draft may lack any of them. */
export type FilingForm = Record<string, unknown>;

export interface Finding {
  /** Where: `money.total`. */
  field: string;
  code: string;
  message: string;
  /** The figures or the reason behind the message, without a full stop. */
  detail?: string;
  severity?: "error" | "warning";
}

export interface Hint {
  field: string;
  message: string;
  /** Whether it says that a rule is kept (占总投资 33.3%，不低于…), and not only what the rule is. */
  kept?: boolean;
}

export interface CheckAnswer {
  errors: Finding[];
  warnings: Finding[];
  hints?: Hint[];
  /** Fields the server computes, in the shape of the form. */
  computed?: FilingForm;
  /** What an application for approval needs, as its answers stand. */
  materials?: Material[];
}

export interface Material {
  key: string;
  title: string;
  /** What it must contain. */
  note: string;
}

export interface Attachment {
  id: string;
  name: string;
  size: number;
  content_type?: string;
}

export interface Filing {
  id: string;
  revision: number;
  status: string;
  editable: boolean;
  form: FilingForm;
  enterprise: Record<string, unknown>;
  attachments: Attachment[];
}

export interface CodeAnswer {
  found: boolean;
  name?: string;
  place?: string;
  region?: string;
  region_name?: string;
  /** The authority of the place, offered while none is chosen. */
  agency?: string;
}

export interface LookupItem {
  value: string;
  label: string;
  hint?: string;
}

export interface FormFiles {
  schema: RJSFSchema;
  ui_schema: UiSchema;
}

/** A section of the page, from `ui:options.sections` of the UI Schema. */
export interface Section {
  id: string;
  title: string;
  kind?: "enterprise" | "attachments";
  note?: string;
  columns?: 2 | 4;
  /** A running sum in the head, and the field it must equal. */
  total?: { of: string[]; against: string; unit: string };
  fields?: string[];
}

/** `ui:options` of a field, beyond what RJSF knows. */
export interface FieldOptions {
  unit?: string;
  wide?: boolean;
  look?: "locked" | "computed";
  /** Shown above the help, in amber: what a wrong choice leads to. */
  caution?: string;
  /** `{id}` in an address is the document's. */
  links?: { text: string; href: string }[];
  /** The fields whose sum is shown while the server has not said its own. */
  sumOf?: string[];
  lookup?: string;
  /** The field that the chosen entry's hint fills. */
  hintFills?: string;
  /** Shown only while another field has one of these values. */
  shownWhen?: Record<string, unknown[]>;
  requiredWhenShown?: boolean;
  inputmode?: "tel";
  autocomplete?: string;
}
