/** What every widget is given, and what every control says of itself. */
import type { WidgetProps } from "@rjsf/utils";

import { notesId } from "../field-template";
import type { FieldOptions, FilingForm } from "../shapes";

export type Widget = WidgetProps<FilingForm>;

export const optionsOf = ({ options }: Widget): FieldOptions => options as FieldOptions;

export function controlProps({ id, required, disabled, rawErrors, placeholder }: Widget) {
  return {
    id,
    "aria-required": Boolean(required),
    disabled: Boolean(disabled),
    "aria-invalid": Boolean(rawErrors?.length),
    "aria-describedby": notesId(id),
    ...(placeholder && { placeholder }),
  };
}
