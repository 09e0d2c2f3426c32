/** One field: label, control, help and what there is to say about it. RJSF's FieldTemplate. */
import type { FieldTemplateProps } from "@rjsf/utils";
import { Fragment, type ReactNode } from "react";

import { groupedAmount } from "./amounts";
import { useFiling } from "./filing-context";
import { partsOf } from "./findings";
import { Icon } from "./icon";
import type { Field } from "./layout";
import { AsideLink, Message, WarningMessage } from "./messages";
import { textAt } from "./paths";
import type { FilingForm } from "./shapes";
import { fill, TEXTS } from "./texts";

export const notesId = (id: string): string => `${id}-notes`;

export function FieldTemplate({ id, label, fieldPathId, uiSchema, rawErrors = [], children }: FieldTemplateProps<FilingForm>) {
  const { layout, findings, hints } = useFiling();
  const field = layout.field(fieldPathId.path.join("."));
  if (!field) return children; // the form itself
  const { path, options } = field;
  const warnings = findings.warnings.filter((finding) => finding.field === path);
  const told = rawErrors.length + warnings.length > 0;
  const widget = uiSchema?.["ui:widget"];
  const state = rawErrors.length ? "is-error" : warnings.length ? "is-warning" : "";
  const look = options.look ? `is-${options.look}` : "";
  const className = ["jg-field", options.wide && "jg-field-wide", state, look].filter(Boolean).join(" ");
  const rest = (
    <>
      {children}
      <div id={notesId(id)}>
        {rawErrors.map((error) => {
          const { message, detail } = partsOf(error);
          return <Message key={error} kind="error" text={message} detail={detail} />;
        })}
        {warnings.map(({ message, detail }) => (
          <WarningMessage key={message} message={message} detail={detail} />
        ))}
        {options.caution ? <Message kind="warning" text={options.caution} /> : null}
        {hints
          .filter((hint) => hint.field === path && (!told || !hint.kept))
          .map((hint) => (hint.kept ? <Message key={hint.message} kind="ok" text={hint.message} /> : null))}
        <Help field={field} />
      </div>
    </>
  );
  // A group of choices or of rows is a fieldset, whose legend is the label; the statement brings its own.
  if (widget === "choice" || uiSchema?.["ui:field"]) {
    return (
      <fieldset className={className} id={`field-${id}`} aria-describedby={notesId(id)}>
        <legend className="jg-label">
          <Marks field={field} label={label} />
        </legend>
        {rest}
      </fieldset>
    );
  }
  return (
    <div className={className} id={`field-${id}`}>
      {widget === "statement" ? null : (
        <div className="jg-label">
          <Marks field={field} label={<label htmlFor={id}>{label}</label>} />
        </div>
      )}
      {rest}
    </div>
  );
}

function Marks({ field, label }: { field: Field; label: ReactNode }) {
  const set = field.options.look === "computed" || field.options.look === "locked";
  return (
    <>
      {field.required ? (
        <span className="jg-required" aria-hidden="true">
          *
        </span>
      ) : null}
      {label}
      {field.required || set ? null : <span className="jg-optional">{TEXTS.optional}</span>}
    </>
  );
}

function Help({ field }: { field: Field }) {
  const { api, form, hints, layout } = useFiling();
  const { options, uiSchema } = field;
  const ruled = hints.filter((hint) => hint.field === field.path && !hint.kept);
  const help = uiSchema["ui:help"] as string | undefined;
  const parts = (options.sumOf ?? []).map((path) =>
    fill(TEXTS.computedPart, { title: layout.title(path), amount: groupedAmount(textAt(form, path) || "0") }),
  );
  const links = options.links ?? [];
  if (!help && !parts.length && !links.length && !ruled.length) return null;
  return (
    <p className="jg-help">
      {parts.length ? (
        <>
          <Icon name="calculator" /> {fill(TEXTS.computed, { parts: parts.join(TEXTS.computedPlus) })}
        </>
      ) : null}
      {[help, ...ruled.map((hint) => hint.message)].filter(Boolean).join(TEXTS.gap)}
      {links.map(({ text, href }, index) => (
        <Fragment key={text}>
          {help || ruled.length || index ? TEXTS.gap : ""}
          <span className="jg-nowrap">
            <AsideLink href={href.replace("{id}", encodeURIComponent(api.documentId))} text={text} />
          </span>
        </Fragment>
      ))}
    </p>
  );
}
