/** 申报材料: files by click or drop. Each goes to the server at once; what it refuses is said beside the file. */
import { type ChangeEvent, type DragEvent, useRef, useState } from "react";

import { Refusal } from "./api";
import { useFiling } from "./filing-context";
import { Icon } from "./icon";
import { Message } from "./messages";
import { fill, TEXTS } from "./texts";

export const ACCEPTED = ".pdf,.jpg,.jpeg,.png,.doc,.docx,.xls,.xlsx,.ofd,.zip";

interface Upload {
  key: string;
  file: File;
  /** What went wrong; undefined while it is on its way. */
  problem?: string;
}

export function Attachments() {
  const { api, attachments, setAttachments, findings, onFailure, disabled } = useFiling();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const [over, setOver] = useState(false);
  const [removing, setRemoving] = useState("");
  const [problem, setProblem] = useState("");
  const serial = useRef(0);

  const change = (key: string, now: (upload: Upload) => Upload[]) =>
    setUploads((all) => all.flatMap((upload) => (upload.key === key ? now(upload) : [upload])));

  async function send(upload: Upload): Promise<void> {
    try {
      const attachment = await api.attach(upload.file);
      setAttachments((now) => [...now, attachment]);
      change(upload.key, () => []);
    } catch (error) {
      onFailure(error);
      const said = error instanceof Refusal ? error.errors[0]?.message || error.sentence : TEXTS.uploadFailed;
      change(upload.key, (failed) => [{ ...failed, problem: said }]);
    }
  }

  function add(files: Iterable<File>): void {
    const added = [...files].map((file) => ({ key: String(serial.current++), file }));
    setUploads((all) => [...all, ...added]);
    for (const upload of added) void send(upload);
  }

  function again(upload: Upload): void {
    const fresh = { key: upload.key, file: upload.file };
    change(upload.key, () => [fresh]);
    void send(fresh);
  }

  async function remove(id: string, name: string): Promise<void> {
    setRemoving(id);
    setProblem("");
    try {
      await api.detach(id);
      setAttachments((now) => now.filter((attachment) => attachment.id !== id));
    } catch (error) {
      onFailure(error);
      setProblem(error instanceof Refusal ? error.sentence : fill(TEXTS.removeFailed, { name }));
    } finally {
      setRemoving("");
    }
  }

  const choose = (event: ChangeEvent<HTMLInputElement>) => {
    add(event.target.files ?? []);
    event.target.value = "";
  };
  const drag = (event: DragEvent, entered: boolean) => {
    event.preventDefault();
    setOver(entered);
  };
  const found = findings.errors.filter(({ field }) => field === "attachments");

  return (
    <>
      <div className="jg-card-body">
        <label
          className={over ? "jg-drop is-over" : "jg-drop"}
          onDragOver={(event) => drag(event, true)}
          onDragLeave={(event) => drag(event, false)}
          onDrop={(event) => {
            drag(event, false);
            if (!disabled) add(event.dataTransfer.files);
          }}
        >
          <input
            type="file"
            className="visually-hidden"
            id="filing-attachments"
            aria-label={TEXTS.dropLabel}
            aria-describedby="filing-attachments-notes"
            multiple
            accept={ACCEPTED}
            disabled={disabled}
            onChange={choose}
          />
          <Icon name="upload" />
          <span className="jg-label">{TEXTS.dropText}</span>
          <span id="filing-attachments-notes">{TEXTS.dropHelp}</span>
        </label>
        {found.map(({ message, detail }) => (
          <Message key={message} kind="error" text={message} detail={detail} />
        ))}
        {problem ? <Message kind="error" text={problem} /> : null}
      </div>
      <ul className="jg-files">
        {attachments.map(({ id, name, size }) => (
          <li key={id}>
            <FileKind name={name} />
            <div className="jg-file-name">
              <span>{name}</span>
              <small>{fileSize(size)}</small>
            </div>
            <button
              type="button"
              className="btn jg-btn"
              aria-label={fill(TEXTS.removeFile, { name })}
              disabled={disabled || removing === id}
              onClick={() => void remove(id, name)}
            >
              <Icon name="trash" />
            </button>
          </li>
        ))}
        {uploads.map((upload) => (
          <li key={upload.key}>
            <FileKind name={upload.file.name} />
            <div className="jg-file-name" role="status">
              <span>{upload.file.name}</span>
              {upload.problem ? <Message kind="error" text={upload.problem} /> : <small>{TEXTS.uploading}</small>}
            </div>
            {upload.problem ? (
              <>
                <button type="button" className="btn jg-btn" onClick={() => again(upload)}>
                  {TEXTS.uploadAgain}
                </button>
                <button
                  type="button"
                  className="btn jg-btn"
                  aria-label={fill(TEXTS.uploadDismiss, { name: upload.file.name })}
                  onClick={() => change(upload.key, () => [])}
                >
                  <Icon name="x" />
                </button>
              </>
            ) : null}
          </li>
        ))}
      </ul>
    </>
  );
}

export function FileKind({ name }: { name: string }) {
  const kind = /\.(\w{1,4})$/.exec(name)?.[1]?.toUpperCase() ?? "";
  return (
    <span className={kind === "PDF" ? "jg-file-kind jg-file-kind-pdf" : "jg-file-kind"} aria-hidden="true">
      {kind}
    </span>
  );
}

export function fileSize(bytes: number): string {
  if (bytes < 1024 * 1024) return `${Math.max(1, Math.round(bytes / 1024))} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
