/** The page's sections, as RJSF's field for the whole form: fields of one level may stand beside those of another. */
import type { FieldProps } from "@rjsf/utils";
import { toFieldPathId } from "@rjsf/utils";
import type { ComponentType, ReactNode } from "react";

import { groupedAmount, sumOfAmounts } from "./amounts";
import { Attachments } from "./attachments";
import { Enterprise } from "./enterprise";
import { useFiling } from "./filing-context";
import type { Field } from "./layout";
import { textAt, valueAt } from "./paths";
import type { FilingForm, Section } from "./shapes";
import { TEXTS } from "./texts";

export function Sections(props: FieldProps<FilingForm>) {
  const { layout } = useFiling();
  return layout.sections.map((section, index) => (
    <SectionCard key={section.id} section={section} number={index + 1}>
      {section.kind === "enterprise" ? (
        <Enterprise />
      ) : section.kind === "attachments" ? (
        <Attachments />
      ) : (
        <Fields section={section} root={props} />
      )}
    </SectionCard>
  ));
}

function SectionCard({ section, number, children }: { section: Section; number: number; children: ReactNode }) {
  const id = `section-${section.id}`;
  return (
    <section className="jg-card jg-section" id={id} aria-labelledby={`${id}-title`}>
      <div className="jg-card-head">
        <h2 id={`${id}-title`}>
          <span className="jg-section-no" aria-hidden="true">
            {number}
          </span>
          {section.title}
        </h2>
        {section.total ? <Total {...section.total} /> : null}
        {section.note ? <span className="jg-card-note">{section.note}</span> : null}
      </div>
      {children}
    </section>
  );
}

function Total({ of, against, unit }: NonNullable<Section["total"]>) {
  const { form } = useFiling();
  const filled = of.map((path) => textAt(form, path)).filter((amount) => amount !== "");
  const sum = sumOfAmounts(filled);
  const goal = textAt(form, against);
  if (sum === undefined) return null;
  const complete = filled.length === of.length && goal !== "";
  return (
    <span className="jg-total">
      {TEXTS.sum} <span className={complete && sum !== sumOfAmounts([goal]) ? "is-off" : undefined}>{groupedAmount(sum)}</span>{" "}
      {goal === "" ? unit : `/ ${groupedAmount(goal)} ${unit}`}
    </span>
  );
}

function Fields({ section, root }: { section: Section; root: FieldProps<FilingForm> }) {
  const { layout, form } = useFiling();
  return (
    <div className={section.columns === 4 ? "jg-fields jg-fields-4" : "jg-fields"}>
      {layout.shown(section, form).map((field) => (
        <OneField key={field.path} field={field} root={root} />
      ))}
    </div>
  );
}

/** Hands a field of any depth to RJSF, as its ObjectField would. */
function OneField({ field, root }: { field: Field; root: FieldProps<FilingForm> }) {
  const { registry, formData, errorSchema, onChange, onBlur, onFocus, readonly, disabled } = root;
  const SchemaField = registry.fields["SchemaField"] as ComponentType<FieldProps>;
  const names = field.path.split(".");
  const last = names.at(-1) ?? "";
  return (
    <SchemaField
      name={last}
      schema={field.schema}
      uiSchema={field.uiSchema}
      required={field.required}
      fieldPathId={toFieldPathId(last, registry.globalFormOptions, names.slice(0, -1))}
      formData={valueAt(formData, field.path)}
      errorSchema={valueAt(errorSchema, field.path) as never}
      onChange={onChange}
      onBlur={onBlur}
      onFocus={onFocus}
      registry={registry}
      {...(readonly !== undefined && { readonly })}
      {...(disabled !== undefined && { disabled })}
    />
  );
}
