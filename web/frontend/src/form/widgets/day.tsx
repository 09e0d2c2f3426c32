/** A day as YYYY-MM-DD, typed or picked. The form holds a day or nothing; what is being typed stays in the field. */
import { useRef, useState } from "react";

import { dayOf } from "../../behaviours/days";
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
