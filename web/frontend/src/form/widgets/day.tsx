/** A day as YYYY-MM-DD, typed or picked. The form holds a day or nothing; what is being typed stays in the field. */
import { useRef, useState } from "react";

import { Icon } from "../icon";
import { Message } from "../messages";
import { whenReleased } from "../pointer";
import { fill, TEXTS } from "../texts";
import { type Widget, controlProps } from "./widget";

export function DayWidget(props: Widget) {
  const { value, onChange, onBlur, id, label, readonly, disabled } = props;
  const [typed, setTyped] = useState<string>();
  const [left, setLeft] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const stored = typeof value === "string" ? value : "";
  const unread = left && typed !== undefined && typed.trim() !== "" && dayOf(typed) === undefined;
  const locked = Boolean(readonly || disabled);

  function settle(): void {
    whenReleased(() => setLeft(true));
    if (typed !== undefined && (typed.trim() === "" || dayOf(typed) !== undefined)) setTyped(undefined);
    onBlur(id, value);
  }

  function pick(day: string): void {
    setTyped(undefined);
    onChange(day);
  }

  return (
    <>
      <div className="jg-control">
        <input
          {...controlProps(props)}
          className="is-amount"
          type="text"
          inputMode="numeric"
          placeholder="YYYY-MM-DD"
          maxLength={20}
          readOnly={readonly}
          value={typed ?? stored}
          onFocus={() => setLeft(false)}
          onChange={(event) => {
            setTyped(event.target.value);
            onChange(dayOf(event.target.value) ?? "");
          }}
          onBlur={settle}
        />
        {(typed ?? stored) && !locked ? (
          <button type="button" className="jg-control-clear" aria-label={fill(TEXTS.dayClear, { title: label })} onClick={() => pick("")}>
            <Icon name="x" />
          </button>
        ) : null}
        <button
          type="button"
          className="jg-control-clear"
          aria-label={fill(TEXTS.dayPick, { title: label })}
          disabled={locked}
          onClick={() => picker.current?.showPicker()}
        >
          <Icon name="calendar" />
        </button>
        {/* Only lends the browser's calendar. */}
        <input
          ref={picker}
          className="visually-hidden"
          type="date"
          tabIndex={-1}
          aria-hidden="true"
          value={stored}
          onChange={(event) => pick(event.target.value)}
        />
      </div>
      {unread ? <Message kind="error" text={TEXTS.dayHint} /> : null}
    </>
  );
}

/** 20211201, 2021/12/1, 2021年12月1日 and 2021-12-01 are the same day; 2021-02-30 is none. */
function dayOf(typed: string): string | undefined {
  const text = typed.normalize("NFKC").trim();
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? /^(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})日?$/.exec(text);
  if (!parts) return undefined;
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day));
  const real = date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  return real ? date.toISOString().slice(0, 10) : undefined;
}
