/** 招标事项: a row for each contract, with how it is to be bought. RJSF's field for the list. */
import type { ErrorSchema, FieldProps, RJSFSchema, UiSchema } from "@rjsf/utils";
import { toFieldPathId } from "@rjsf/utils";
import type { ComponentType } from "react";

import { partsOf } from "./findings";
import { Icon } from "./icon";
import { Message } from "./messages";
import type { FilingForm } from "./shapes";
import { fill, TEXTS } from "./texts";

type Row = Record<string, unknown>;

/** In the order of 招标核准意见表; the reason stands below the row of a contract that is not put out to tender. */
const COLUMNS = ["kind", "estimate", "combinable", "scope", "org", "method"] as const;
const OF_TENDERS: readonly string[] = ["scope", "org"];

export function Contracts(props: FieldProps<FilingForm>) {
  const { formData, schema, fieldPathId, onChange, disabled, readonly } = props;
  const rows: Row[] = Array.isArray(formData) ? formData : [];
  const columns = itemOf(schema).properties as Record<string, RJSFSchema>;
  const locked = Boolean(disabled || readonly);
  const put = (now: Row[]) => onChange(now as unknown as FilingForm, fieldPathId.path);

  function add(): void {
    const kinds = (columns["kind"]?.enum ?? []) as string[];
    const taken = new Set(rows.map(({ kind }) => kind));
    put([...rows, { kind: kinds.find((kind) => !taken.has(kind)) ?? "", combinable: true }]);
  }

  return (
    <div className="jg-contracts">
      {rows.length ? (
        <table className="jg-lines">
          <thead>
            <tr>
              {COLUMNS.map((name) => (
                <th key={name} scope="col">
                  {columns[name]?.title}
                  {name === "estimate" ? TEXTS.tenThousands : null}
                </th>
              ))}
              <th scope="col">
                <span className="visually-hidden">{TEXTS.actions}</span>
              </th>
            </tr>
          </thead>
          {rows.map((row, index) => (
            <Contract
              key={index}
              root={props}
              row={row}
              index={index}
              columns={columns}
              locked={locked}
              remove={() => put(rows.filter((_, other) => other !== index))}
            />
          ))}
        </table>
      ) : null}
      <div className="jg-lines-foot">
        <button type="button" className="btn jg-btn" id={fieldPathId.$id} disabled={locked} onClick={add}>
          <Icon name="plus" />
          {TEXTS.contractAdd}
        </button>
      </div>
    </div>
  );
}

interface ContractProps {
  root: FieldProps<FilingForm>;
  row: Row;
  index: number;
  columns: Record<string, RJSFSchema>;
  locked: boolean;
  remove: () => void;
}

function Contract({ root, row, index, columns, locked, remove }: ContractProps) {
  const untendered = row["method"] === columns["method"]?.enum?.at(-1);
  const cell = (name: string) => <Cell root={root} row={row} index={index} name={name} schema={columns[name] ?? {}} />;
  return (
    <tbody>
      <tr>
        {COLUMNS.map((name) => (
          <td key={name} className={`jg-cell-${name}`} data-label={columns[name]?.title}>
            {untendered && OF_TENDERS.includes(name) ? <span className="jg-muted">—</span> : cell(name)}
          </td>
        ))}
        <td className="jg-cell-act">
          <button
            type="button"
            className="jg-control-clear"
            aria-label={fill(TEXTS.contractRemove, { n: index + 1 })}
            disabled={locked}
            onClick={remove}
          >
            <Icon name="trash" />
          </button>
        </td>
      </tr>
      {untendered ? (
        <tr className="jg-contract-reason">
          <td colSpan={COLUMNS.length + 1}>
            <span className="jg-label" aria-hidden="true">
              {columns["reason"]?.title}
            </span>
            {cell("reason")}
          </td>
        </tr>
      ) : null}
    </tbody>
  );
}

interface CellProps extends Omit<ContractProps, "columns" | "locked" | "remove"> {
  name: string;
  schema: RJSFSchema;
}

/** Hands one value of a row to RJSF, as its ArrayField would, with a name that only a reader of the screen hears. */
function Cell({ root, row, index, name, schema }: CellProps) {
  const { registry, fieldPathId, errorSchema, uiSchema, onChange, onBlur, onFocus, disabled, readonly } = root;
  const SchemaField = registry.fields["SchemaField"] as ComponentType<FieldProps>;
  const place = toFieldPathId(name, registry.globalFormOptions, [...fieldPathId.path, index]);
  const errors = (errorSchema as Record<string, Record<string, ErrorSchema>> | undefined)?.[index]?.[name];
  const looks = (uiSchema?.["items"] ?? {}) as Record<string, UiSchema>;
  return (
    <div className={errors?.__errors?.length ? "jg-field is-error" : "jg-field"}>
      <label className="visually-hidden" htmlFor={place.$id}>
        {fill(TEXTS.contractCell, { n: index + 1, title: schema.title ?? name })}
      </label>
      <SchemaField
        name={name}
        schema={schema}
        uiSchema={looks[name] ?? {}}
        required
        fieldPathId={place}
        formData={row[name]}
        errorSchema={errors as never}
        onChange={onChange as FieldProps["onChange"]}
        onBlur={onBlur}
        onFocus={onFocus}
        registry={registry as never}
        {...(readonly !== undefined && { readonly })}
        {...(disabled !== undefined && { disabled })}
      />
      {errors?.__errors?.map((error) => {
        const { message, detail } = partsOf(error);
        return <Message key={error} kind="error" text={message} detail={detail} />;
      })}
    </div>
  );
}

const itemOf = (schema: RJSFSchema): RJSFSchema => (schema.items ?? {}) as RJSFSchema;
