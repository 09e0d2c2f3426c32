/** What the form's files say about the page: its sections, their fields, and which of them must be filled in. */
import type { RJSFSchema, UiSchema } from "@rjsf/utils";

import { isEmpty, valueAt } from "./paths";
import type { FieldOptions, FilingForm, FormFiles, Material, Section } from "./shapes";

export interface Field {
  path: string;
  title: string;
  schema: RJSFSchema;
  uiSchema: UiSchema;
  options: FieldOptions;
  required: boolean;
}

export class Layout {
  readonly sections: Section[];
  readonly #fields = new Map<string, Field>();
  readonly #sectionOf = new Map<string, Section>();

  constructor({ schema, ui_schema }: FormFiles) {
    this.sections = (ui_schema["ui:options"]?.["sections"] ?? []) as Section[];
    for (const section of this.sections) {
      for (const path of section.fields ?? []) {
        const field = findField(schema, ui_schema, path);
        if (!field) continue;
        this.#fields.set(path, field);
        this.#sectionOf.set(path, section);
      }
    }
  }

  field(path: string): Field | undefined {
    return this.#fields.get(path);
  }

  /** The field of a path, or the one that holds it: `tender.rows` of `tender.rows.0.kind`. */
  around(path: string): Field | undefined {
    const names = path.split(".");
    while (names.length) {
      const field = this.#fields.get(names.join("."));
      if (field) return field;
      names.pop();
    }
    return undefined;
  }

  title(path: string): string {
    return this.#fields.get(path)?.title ?? path;
  }

  /** The section a finding belongs to; those about the enterprise to the section that shows it. */
  sectionOf(path: string): Section | undefined {
    const kind = path.startsWith("enterprise") ? "enterprise" : path === "attachments" ? "attachments" : undefined;
    return kind ? this.sections.find((section) => section.kind === kind) : this.#sectionOf.get(this.around(path)?.path ?? "");
  }

  /** Where a field stands on the page, for lists that follow it. */
  position(path: string): number {
    const at = [...this.#fields.keys()].indexOf(this.around(path)?.path ?? "");
    return path.startsWith("enterprise") ? -1 : at < 0 ? this.#fields.size : at;
  }

  /** The fields of a section that this form shows. */
  shown(section: Section, form: FilingForm): Field[] {
    const fields = (section.fields ?? []).flatMap((path) => this.#fields.get(path) ?? []);
    return fields.filter(({ options }) =>
      Object.entries(options.shownWhen ?? {}).every(([path, values]) => values.includes(valueAt(form, path))),
    );
  }

  /** How many of the fields a section requires are filled in; materials count one by one. */
  progress(section: Section, form: FilingForm, materials: Material[]): { done: number; total: number } {
    const required = this.shown(section, form).flatMap((field) => {
      if (!field.required) return [];
      if (field.uiSchema["ui:field"] !== "materials") return [isFilled(field, valueAt(form, field.path))];
      return materials.length ? materials.map(({ key }) => !isEmpty(valueAt(form, `${field.path}.${key}`))) : [false];
    });
    return { done: required.filter(Boolean).length, total: required.length };
  }
}

/** A checkbox that must be ticked counts only when it is. */
export function isFilled(field: Field, value: unknown): boolean {
  return field.uiSchema["ui:widget"] === "statement" ? value === true : !isEmpty(value);
}

export const idOf = (path: string): string => ["filing", ...path.split(".")].join("-");
export const pathOf = (id: string): string => id.split("-").slice(1).join(".");

function findField(root: RJSFSchema, rootUi: UiSchema, path: string): Field | undefined {
  let [schema, uiSchema, required]: [RJSFSchema, UiSchema, boolean] = [root, rootUi, false];
  for (const name of path.split(".")) {
    const inner = schema.properties?.[name];
    if (typeof inner !== "object") return undefined;
    required = schema.required?.includes(name) ?? false;
    [schema, uiSchema] = [inner as RJSFSchema, (uiSchema[name] ?? {}) as UiSchema];
  }
  const options = (uiSchema["ui:options"] ?? {}) as FieldOptions;
  return {
    path,
    title: schema.title ?? path,
    schema,
    uiSchema,
    options,
    required: (required && !schema.readOnly) || Boolean(options.requiredWhenShown) || (required && options.look === "locked"),
  };
}
