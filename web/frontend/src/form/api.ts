/** The REST calls of the form. A refusal is a `Refusal`, an ended session a `SessionEnded`, no answer a `NoAnswer`. */
import type { Attachment, CheckAnswer, CodeAnswer, Filing, FilingForm, Finding, FormFiles, LookupItem } from "./shapes";
import { TEXTS } from "./texts";

/** An application/problem+json answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly remedy: string,
    readonly errors: Finding[],
  ) {
    super(title);
  }

  /** What happened; the title only says of which sort it is. */
  get sentence(): string {
    return this.detail || this.title;
  }
}

/** Nobody is logged in any more, or somebody logged in anew elsewhere: this page must be loaded again. */
export class SessionEnded extends Error {}

/** The network or the server gave no answer that says whether the call was carried out. */
export class NoAnswer extends Error {}

interface Call {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The code of a request that carries the token of a session before this one. */
const PAGE_EXPIRED = "page_expired";

const UNCERTAIN = new Set([500, 502, 504]);

export class Api {
  constructor(
    readonly base: string,
    /** What is filled in: `filings` or `approvals`. */
    readonly collection: string,
    readonly documentId: string,
  ) {}

  form(url: string): Promise<FormFiles> {
    return call(url);
  }

  filing(): Promise<Filing> {
    return this.#filing("");
  }

  save(form: FilingForm, revision: number): Promise<Filing> {
    return this.#filing("", { method: "PUT", body: form, headers: { "If-Match": `"${revision}"` } });
  }

  check(form: FilingForm, signal?: AbortSignal): Promise<CheckAnswer> {
    return this.#filing("/check", { method: "POST", body: form, ...(signal && { signal }) });
  }

  verifyCode(code: string): Promise<CodeAnswer> {
    return this.#filing("/verify-code", { method: "POST", body: { project_code: code } });
  }

  submit(key: string): Promise<unknown> {
    return this.#filing("/submit", { method: "POST", body: {}, headers: { "Idempotency-Key": key } });
  }

  completeTask(taskId: string, key: string): Promise<unknown> {
    const url = `${this.base}/tasks/${encodeURIComponent(taskId)}/complete`;
    return call(url, { method: "POST", body: { data: {} }, headers: { "Idempotency-Key": key } });
  }

  attach(file: File): Promise<Attachment> {
    const body = new FormData();
    body.append("file", file);
    return this.#filing("/attachments", { method: "POST", body });
  }

  async detach(id: string): Promise<void> {
    await this.#filing(`/attachments/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  /** `source` is a lookup of the form's files, such as `policy-entries?kind=negative_list`. */
  async lookup(source: string, query: string, signal?: AbortSignal): Promise<LookupItem[]> {
    const joint = source.includes("?") ? "&" : "?";
    const url = `${this.base}/lookups/${source}${joint}q=${encodeURIComponent(query)}`;
    const answer = await call<{ items: LookupItem[] }>(url, signal ? { signal } : {});
    return answer.items;
  }

  #filing<Answer>(path: string, options: Call = {}): Promise<Answer> {
    return call(`${this.base}/${this.collection}/${encodeURIComponent(this.documentId)}${path}`, options);
  }
}

async function call<Answer>(url: string, { method = "GET", body, headers, signal }: Call = {}): Promise<Answer> {
  const token = document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
  const multipart = body instanceof FormData;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json, application/problem+json",
        ...(method !== "GET" && { "X-CSRFToken": token }),
        ...(body !== undefined && !multipart && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: multipart ? body : JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new NoAnswer(TEXTS.unknownProblem, { cause: error });
  }
  if (answer.status === 401) throw new SessionEnded();
  if (UNCERTAIN.has(answer.status)) throw new NoAnswer(TEXTS.unknownProblem);
  const text = await answer.text();
  if (answer.ok) return (text ? JSON.parse(text) : undefined) as Answer;
  const problem = problemOf(text);
  if (problem.code === PAGE_EXPIRED) throw new SessionEnded();
  const { title, detail = "", remedy = "", errors = [] } = problem;
  throw new Refusal(answer.status, title || TEXTS.unknownProblem, detail, remedy, errors);
}

interface Problem {
  title?: string;
  detail?: string;
  code?: string;
  remedy?: string;
  errors?: Finding[];
}

function problemOf(text: string): Problem {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {}; // a proxy's own page: its words are not for people
  }
}
