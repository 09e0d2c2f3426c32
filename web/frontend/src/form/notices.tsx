/** What the applicant must know or decide before going on, above the sections. */
import { type ReactNode, useState } from "react";

import { groupedAmount } from "./amounts";
import type { Draft, DraftState } from "./draft";
import { Icon } from "./icon";
import type { Layout } from "./layout";
import { differences, isEmpty, valueAt } from "./paths";
import type { FilingForm } from "./shapes";
import { TEXTS } from "./texts";

const GLYPHS = {
  error: "alert-circle",
  warning: "alert-triangle",
  conflict: "user-exclamation",
  info: "info-circle",
  success: "circle-check",
} as const;

export interface Notice {
  kind: keyof typeof GLYPHS;
  title: string;
  text?: string | undefined;
}

interface AlertProps extends Notice {
  children?: ReactNode;
  onClose?: () => void;
}

export function Alert({ kind, title, text, children, onClose }: AlertProps) {
  return (
    <div className={`jg-alert jg-alert-${kind} jg-flash`} role={kind === "info" || kind === "success" ? "status" : "alert"}>
      <Icon name={GLYPHS[kind]} />
      <div className="jg-alert-body">
        <b>{title}</b>
        {text ? <p>{text}</p> : null}
        {children}
      </div>
      {onClose ? (
        <button className="jg-alert-close" type="button" aria-label={TEXTS.dismiss} onClick={onClose}>
          <Icon name="x" />
        </button>
      ) : null}
    </div>
  );
}

interface NoticesProps {
  draft: Draft;
  state: DraftState;
  layout: Layout;
  /** What the server had when the page was opened. */
  opened: FilingForm;
  notice: Notice | undefined;
  dismiss: () => void;
}

export function Notices({ draft, state, layout, opened, notice, dismiss }: NoticesProps) {
  const refused = state.save.state === "refused" ? state.save.problem : undefined;
  return (
    <div id="filing-notices" tabIndex={-1}>
      {state.save.state === "ended" ? (
        <Alert kind="warning" title={TEXTS.sessionTitle} text={TEXTS.sessionText}>
          <div className="jg-alert-actions">
            <button type="button" className="btn jg-btn" onClick={() => window.location.reload()}>
              {TEXTS.sessionLogin}
            </button>
          </div>
        </Alert>
      ) : null}
      {state.editable ? null : <Alert kind="info" title={TEXTS.notEditable} text={TEXTS.notEditableText} />}
      {state.theirs ? <Conflict draft={draft} mine={state.form} theirs={state.theirs.form} layout={layout} /> : null}
      {state.restored && !state.theirs ? (
        <Alert kind="info" title={TEXTS.restoredTitle} text={TEXTS.restoredText} onClose={() => draft.acceptRestored()}>
          <div className="jg-alert-actions">
            <button type="button" className="btn jg-btn" onClick={() => draft.discardRestored(opened)}>
              {TEXTS.restoredDiscard}
            </button>
          </div>
        </Alert>
      ) : null}
      {refused && state.editable ? (
        <Alert kind="error" title={refused.sentence} text={refused.remedy} />
      ) : null}
      {notice ? <Alert {...notice} onClose={dismiss} /> : null}
    </div>
  );
}

interface ConflictProps {
  draft: Draft;
  mine: FilingForm;
  theirs: FilingForm;
  layout: Layout;
}

function Conflict({ draft, mine, theirs, layout }: ConflictProps) {
  const [compared, setCompared] = useState(false);
  // Only what the form shows: the rest is the server's own.
  const paths = differences(mine, theirs).filter((path) => layout.field(path));
  return (
    <Alert kind="conflict" title={TEXTS.conflictTitle} text={TEXTS.conflictText}>
      {compared && paths.length === 0 ? <p>{TEXTS.conflictSame}</p> : null}
      <div className="jg-alert-actions">
        {compared && paths.length ? (
          <dl className="jg-dl jg-dl-1 jg-kept" id="filing-conflict">
            {paths.map((path) => (
              <div key={path}>
                <dt>{layout.title(path)}</dt>
                <dd>
                  {TEXTS.conflictMine}：{written(mine, path, layout)}
                  <br />
                  {TEXTS.conflictTheirs}：{written(theirs, path, layout)}
                </dd>
              </div>
            ))}
          </dl>
        ) : null}
        <button type="button" className="btn jg-btn" aria-expanded={compared} onClick={() => setCompared(!compared)}>
          {TEXTS.conflictCompare}
        </button>
        <button type="button" className="btn jg-btn" onClick={() => draft.keepMine()}>
          {TEXTS.conflictKeepMine}
        </button>
        <button type="button" className="btn jg-btn" onClick={() => draft.takeTheirs()}>
          {TEXTS.conflictTakeTheirs}
        </button>
      </div>
    </Alert>
  );
}

function written(form: FilingForm, path: string, layout: Layout): string {
  const value = valueAt(form, path);
  if (isEmpty(value)) return TEXTS.nothing;
  if (typeof value === "boolean") return value ? TEXTS.yes : TEXTS.no;
  const { unit } = layout.field(path)?.options ?? {};
  return unit ? `${groupedAmount(String(value))} ${unit}` : String(value);
}
