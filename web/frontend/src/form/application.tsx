/** The filing form: joins the draft, the server's check, RJSF and the page's frame. */
import Form from "@rjsf/core/lib/components/Form.js"; // the package's index would draw in its test kit, and ajv
import type { RegistryFieldsType, RegistryWidgetsType, TemplatesType } from "@rjsf/utils";
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { type Api, NoAnswer, Refusal, SessionEnded } from "./api";
import { Contracts } from "./contracts";
import { type Draft, refusedFields } from "./draft";
import { FieldTemplate } from "./field-template";
import { FilingContext, type FilingContextValue } from "./filing-context";
import { type Findings, toErrorSchema } from "./findings";
import { type FrameAction, readyText, tellFrame } from "./frame";
import { serverJudges } from "./judge";
import { type Layout, pathOf } from "./layout";
import { Materials } from "./materials";
import { type Notice, Notices } from "./notices";
import { isEmpty, valueAt, withValue } from "./paths";
import { whenReleased } from "./pointer";
import { Sections } from "./sections";
import type { Filing, FilingForm, Finding, FormFiles, Material } from "./shapes";
import { TEXTS } from "./texts";
import { useCheck } from "./use-check";
import { useCode } from "./use-code";
import { useCurrentSection } from "./use-current-section";
import { AmountWidget } from "./widgets/amount";
import { CheckWidget } from "./widgets/check";
import { ChoiceWidget, SelectWidget } from "./widgets/choice";
import { DayWidget } from "./widgets/day";
import { ProjectCodeWidget } from "./widgets/project-code";
import { SearchWidget } from "./widgets/search";
import { StatementWidget } from "./widgets/statement";
import { TenderAnswerWidget } from "./widgets/tender-answer";
import { CountWidget, TextareaWidget, TextWidget } from "./widgets/text";
import { ToldWidget } from "./widgets/told";

const WIDGETS: RegistryWidgetsType<FilingForm> = {
  TextWidget,
  TextareaWidget,
  SelectWidget,
  amount: AmountWidget,
  check: CheckWidget,
  choice: ChoiceWidget,
  count: CountWidget,
  day: DayWidget,
  projectCode: ProjectCodeWidget,
  search: SearchWidget,
  statement: StatementWidget,
  tenderAnswer: TenderAnswerWidget,
  told: ToldWidget,
};
const FIELDS: RegistryFieldsType<FilingForm> = { sections: Sections, contracts: Contracts, materials: Materials };
const TEMPLATES: Partial<TemplatesType<FilingForm>> = { FieldTemplate };

const NO_MATERIALS: Material[] = [];

/** A draft holds what was typed and nothing else: no default is written into it. */
const NO_DEFAULTS = { emptyObjectFields: "skipDefaults", constAsDefaults: "never" } as const;

export interface Mount {
  mode: "draft" | "correct";
  taskId: string;
  /** While the case is suspended the form can be saved and not submitted. */
  held: boolean;
  returnUrl: string;
  /** The form as it is printed; empty where a kind has none. */
  printUrl: string;
  companyUrl: string;
}

interface FilingApplicationProps {
  mount: Mount;
  element: HTMLElement;
  api: Api;
  draft: Draft;
  filing: Filing;
  files: FormFiles;
  layout: Layout;
}

export function FilingApplication({ mount, element, api, draft, filing, files, layout }: FilingApplicationProps) {
  const state = useSyncExternalStore(draft.subscribe, draft.snapshot);
  const [attachments, setAttachments] = useState(filing.attachments);
  const [settled, setSettled] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState<FrameAction | "">("");
  const [notice, setNotice] = useState<Notice>();
  // What a refused submission found and the check does not look at: it stands until its field is changed.
  const [beyond, setBeyond] = useState<{ errors: Finding[]; form: FilingForm }>({ errors: [], form: {} });
  const attempt = useRef({ key: "", form: state.form });
  const working = useRef(false);
  const { form, save } = state;

  const onFailure = useCallback(
    (error: unknown): boolean => {
      const ended = error instanceof SessionEnded;
      if (ended) draft.sessionEnded();
      return ended;
    },
    [draft],
  );
  const current = useCallback(() => draft.state.form, [draft]);
  const fillIn = useCallback(
    (values: Record<string, unknown>) =>
      draft.edit(Object.entries(values).reduce((now, [path, value]) => withValue(now, path, value), draft.state.form)),
    [draft],
  );
  const check = useCheck(api, form, onFailure);
  const code = useCode(api, current, fillIn, onFailure);
  const section = useCurrentSection(layout.sections);

  const findings = useMemo<Findings>(() => {
    // Fields speak once somebody has been there, or all of them once asked: an empty form is not full of errors.
    const opened = (field: string) => field.startsWith("enterprise") || !isEmpty(valueAt(filing.form, field));
    const spoken = ({ field }: Finding) => asked || settled.has(field) || opened(field);
    const onPage = (one: Finding, other: Finding) => layout.position(one.field) - layout.position(other.field);
    const still = beyond.errors.filter(({ field }) => valueAt(form, field) === valueAt(beyond.form, field));
    const errors = distinct([...refusedFields(save), ...code.findings, ...check.answer.errors.filter(spoken), ...still]);
    return { errors: errors.sort(onPage), warnings: check.answer.warnings.filter(spoken) };
  }, [asked, settled, filing, form, layout, save, beyond, code.findings, check.answer]);
  const materials = check.answer.materials ?? NO_MATERIALS;
  const errorSchema = useMemo(() => toErrorSchema(findings.errors), [findings.errors]);

  useEffect(() => {
    tellFrame({
      layout,
      form,
      enterprise: filing.enterprise,
      attachments,
      materials,
      findings,
      listed: asked,
      current: section,
      save,
      correcting: mount.mode === "correct",
      held: mount.held,
      busy,
    });
  }, [layout, form, filing, attachments, materials, findings, asked, section, save, mount, busy]);

  useEffect(() => {
    const guard = (event: BeforeUnloadEvent) => {
      // Once the session has ended, leaving is the way to log in, and the window keeps what was typed.
      if (draft.dirty && draft.state.editable && draft.state.save.state !== "ended") event.preventDefault();
    };
    window.addEventListener("beforeunload", guard);
    return () => window.removeEventListener("beforeunload", guard);
  }, [draft]);

  async function saveNow(): Promise<void> {
    await draft.save();
  }

  /** What is typed is saved before it is printed; the window opens before, as only a click may open one. */
  async function preview(): Promise<void> {
    const page = window.open("", "_blank");
    if (!(await draft.save())) page?.close();
    else if (page) page.location.replace(mount.printUrl);
    else window.location.assign(mount.printUrl);
  }

  async function checkNow(): Promise<void> {
    setAsked(true);
    const said = await check.ask(draft.state.form);
    if (said.errors.length) focus("form-summary");
    else setNotice({ kind: "success", title: readyText(mount.held) });
  }

  async function submit(): Promise<void> {
    setAsked(true);
    const saved = await draft.save();
    if (!saved) return focus("filing-notices");
    const now = draft.state.form;
    // The same form sent again after a lost answer is the same attempt: the server answers as it did the first time.
    if (attempt.current.key === "" || attempt.current.form !== now) attempt.current = { key: newKey(), form: now };
    const { key } = attempt.current;
    try {
      await (mount.mode === "correct" ? api.completeTask(mount.taskId, key) : api.submit(key));
    } catch (error) {
      if (!(error instanceof NoAnswer)) attempt.current = { key: "", form: now };
      throw error;
    }
    draft.finish();
    window.location.assign(mount.returnUrl);
  }

  async function showRefused(found: Finding[]): Promise<void> {
    const now = draft.state.form;
    const errors = found.filter(({ severity }) => severity !== "warning");
    setBeyond({ errors, form: now });
    try {
      const said = await check.ask(now);
      const checked = new Set(said.errors.map(({ field, code: rule }) => `${field} ${rule}`));
      setBeyond({ errors: errors.filter(({ field, code: rule }) => !checked.has(`${field} ${rule}`)), form: now });
    } catch (error) {
      onFailure(error);
    }
    focus("form-summary");
  }

  async function explain(error: unknown): Promise<void> {
    if (onFailure(error)) return focus("filing-notices");
    if (error instanceof Refusal && error.status === 422 && error.errors.length) return showRefused(error.errors);
    const refused = error instanceof Refusal;
    setNotice({
      kind: "error",
      title: refused ? error.sentence : TEXTS.submitFailed,
      text: refused ? error.remedy : TEXTS.submitFailedText,
    });
    focus("filing-notices");
  }

  async function act(action: FrameAction): Promise<void> {
    if (working.current || !draft.state.editable) return;
    working.current = true;
    setBusy(action);
    setNotice(undefined);
    try {
      await { save: saveNow, check: checkNow, preview, submit }[action]();
      // A submitted page is on its way out and takes no further clicks.
      if (action === "submit" && !draft.dirty && attempt.current.key !== "") return;
    } catch (error) {
      if (action === "check" && !(error instanceof Refusal) && !onFailure(error)) {
        setNotice({ kind: "warning", title: TEXTS.checkFailed });
      } else await explain(error);
    }
    working.current = false;
    setBusy("");
  }

  const actNow = useRef(act);
  actNow.current = act;
  useEffect(() => {
    const hear = (event: Event) => void actNow.current((event as CustomEvent<{ action: FrameAction }>).detail.action);
    element.addEventListener("jg:form-action", hear);
    return () => element.removeEventListener("jg:form-action", hear);
  }, [element]);

  const context: FilingContextValue = {
    api,
    layout,
    form,
    enterprise: filing.enterprise,
    companyUrl: mount.companyUrl,
    attachments,
    setAttachments,
    findings,
    hints: check.answer.hints ?? [],
    computed: check.answer.computed ?? {},
    materials,
    verification: code.verification,
    verifyCode: () => void code.verify(),
    fillIn,
    onFailure,
    disabled: !state.editable,
  };
  return (
    <FilingContext value={context}>
      <Notices draft={draft} state={state} layout={layout} opened={filing.form} notice={notice} dismiss={() => setNotice(undefined)} />
      <Form<FilingForm>
        idPrefix="filing"
        idSeparator="-"
        schema={files.schema}
        uiSchema={files.ui_schema}
        formData={form}
        validator={serverJudges}
        extraErrors={errorSchema}
        widgets={WIDGETS}
        fields={FIELDS}
        templates={TEMPLATES}
        experimental_defaultFormStateBehavior={NO_DEFAULTS}
        disabled={!state.editable}
        showErrorList={false}
        noHtml5Validate
        onChange={({ formData }) => formData && draft.edit(code.follow(draft.state.form, formData))}
        onBlur={(id) =>
          whenReleased(() => {
            setSettled((now) => (now.has(pathOf(id)) ? now : new Set(now).add(pathOf(id))));
            check.hurry();
          })
        }
        onSubmit={() => undefined}
      >
        <></>
      </Form>
    </FilingContext>
  );
}

function distinct(findings: Finding[]): Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.field} ${finding.message}`, finding])).values()];
}

/** After the page has drawn what there is to see there. */
function focus(id: string): void {
  requestAnimationFrame(() => {
    const place = document.getElementById(id);
    place?.focus();
    place?.scrollIntoView({ block: "center" });
  });
}

function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
