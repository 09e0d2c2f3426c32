/** Values of a form by dotted path: `money.total`, and `tender.rows.0.kind` in a list. */
import type { FilingForm } from "./shapes";

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function valueAt(form: unknown, path: string): unknown {
  const inside = (value: unknown, name: string): unknown =>
    Array.isArray(value) ? value[Number(name)] : isGroup(value) ? value[name] : undefined;
  return path.split(".").reduce<unknown>(inside, form);
}

export function textAt(form: unknown, path: string): string {
  const value = valueAt(form, path);
  return value === undefined || value === null ? "" : String(value);
}

/** A copy of the form with one value changed. */
export function withValue(form: FilingForm, path: string, value: unknown): FilingForm {
  const [name = "", ...rest] = path.split(".");
  const inner = form[name];
  return { ...form, [name]: rest.length ? withValue(isGroup(inner) ? inner : {}, rest.join("."), value) : value };
}

/** Whether nothing is filled in: what was never set and what was cleared are the same to a reader. */
export function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
}

/** Every filled value by path. */
function leaves(form: unknown, prefix = ""): Map<string, unknown> {
  const found = new Map<string, unknown>();
  if (!isGroup(form)) return found;
  for (const [name, value] of Object.entries(form)) {
    const path = prefix + name;
    if (isGroup(value)) for (const [inner, leaf] of leaves(value, `${path}.`)) found.set(inner, leaf);
    else if (!isEmpty(value)) found.set(path, value);
  }
  return found;
}

/** The paths at which two forms differ. */
export function differences(mine: FilingForm, theirs: FilingForm): string[] {
  const [one, other] = [leaves(mine), leaves(theirs)];
  return [...new Set([...one.keys(), ...other.keys()])].filter(
    (path) => JSON.stringify(one.get(path)) !== JSON.stringify(other.get(path)),
  );
}
