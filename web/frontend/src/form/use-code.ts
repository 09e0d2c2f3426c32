/** 校验 of the project code: what the platform says fills name and place, and stands only for the code it was said of. */
import { useCallback, useRef, useState } from "react";

import { type Api, Refusal } from "./api";
import type { Verification } from "./filing-context";
import { isEmpty, textAt } from "./paths";
import type { FilingForm, Finding } from "./shapes";
import { TEXTS } from "./texts";

const SETTLED = ["project_name", "location", "region"] as const;

export interface CodeCheck {
  verification: Verification;
  findings: Finding[];
  verify: () => Promise<void>;
  /** The form after an edit: another code takes the name and place of the old one away, the same brings them back. */
  follow: (before: FilingForm, after: FilingForm) => FilingForm;
}

export function useCode(
  api: Api,
  current: () => FilingForm,
  fillIn: (values: Record<string, unknown>) => void,
  onFailure: (error: unknown) => boolean,
): CodeCheck {
  const [verification, setVerification] = useState<Verification>("none");
  const [findings, setFindings] = useState<Finding[]>([]);
  const settled = useRef(new Map<string, Record<string, unknown>>());
  const asked = useRef(0);

  const verify = useCallback(async () => {
    const code = textAt(current(), "project_code");
    if (code === "") return;
    const turn = ++asked.current;
    setVerification("busy");
    setFindings([]);
    try {
      const answer = await api.verifyCode(code);
      if (turn !== asked.current) return;
      if (!answer.found) {
        setVerification("refused");
        return setFindings([{ field: "project_code", code: "", message: TEXTS.verifyNotFound }]);
      }
      const known = { project_name: answer.name, location: answer.place, region: answer.region };
      settled.current.set(code, known);
      setVerification("passed");
      fillIn({ ...known, ...(answer.agency && isEmpty(current()["agency"]) && { agency: answer.agency }) });
    } catch (error) {
      if (turn !== asked.current) return;
      onFailure(error);
      const refused = error instanceof Refusal && error.status === 422;
      setVerification(refused ? "refused" : "unavailable");
      if (refused) setFindings(error.errors.length ? error.errors : [{ field: "project_code", code: "", message: error.sentence }]);
    }
  }, [api, current, fillIn, onFailure]);

  const follow = useCallback((before: FilingForm, after: FilingForm): FilingForm => {
    const [old, code] = [textAt(before, "project_code"), textAt(after, "project_code")];
    if (old === code) return after;
    asked.current++; // an answer on its way is about another code
    const names = Object.fromEntries(SETTLED.map((name) => [name, before[name]]));
    if (!isEmpty(before["project_name"])) settled.current.set(old, names);
    const known = settled.current.get(code);
    setVerification(known ? "passed" : "none");
    setFindings([]);
    return { ...after, ...(known ?? Object.fromEntries(SETTLED.map((name) => [name, ""]))) };
  }, []);

  return { verification, findings, verify, follow };
}
