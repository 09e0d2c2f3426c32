/** 项目代码 with its 校验 (R98-R101). */
import type { KeyboardEvent } from "react";

import { useFiling } from "../filing-context";
import { Message } from "../messages";
import { TEXTS } from "../texts";
import { type Widget, controlProps } from "./widget";

export function ProjectCodeWidget(props: Widget) {
  const { value, onChange, onBlur, id, schema, readonly, disabled } = props;
  const { verification, verifyCode } = useFiling();
  const code = typeof value === "string" ? value : "";
  const busy = verification === "busy";

  function press(event: KeyboardEvent): void {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return;
    event.preventDefault();
    verifyCode();
  }

  return (
    <>
      <div className="jg-control">
        <input
          {...controlProps(props)}
          className="is-amount"
          type="text"
          autoComplete="off"
          spellCheck={false}
          maxLength={schema.maxLength}
          readOnly={readonly}
          value={code}
          onChange={(event) => onChange(event.target.value.normalize("NFKC").replace(/\s/g, ""))}
          onKeyDown={press}
          onBlur={() => onBlur(id, value)}
        />
        <button type="button" className="btn jg-btn" aria-busy={busy} disabled={Boolean(disabled || readonly) || code === ""} onClick={verifyCode}>
          {busy ? TEXTS.verifying : verification === "none" || verification === "refused" ? TEXTS.verify : TEXTS.verifyAgain}
        </button>
      </div>
      <div role="status">
        {verification === "passed" ? <Message kind="ok" text={TEXTS.verified} /> : null}
        {verification === "unavailable" ? <Message kind="warning" text={TEXTS.verifyUnavailable} /> : null}
      </div>
    </>
  );
}
