/** 申请材料: what the answers ask for, each with its own file, by click or drop. RJSF's field for the materials. */
import type { FieldProps } from "@rjsf/utils";
import { type DragEvent, useState } from "react";

import { Refusal } from "./api";
import { ACCEPTED, FileKind, fileSize } from "./attachments";
import { useFiling } from "./filing-context";
import { Icon } from "./icon";
import { idOf } from "./layout";
import { Message } from "./messages";
import { textAt } from "./paths";
import type { Attachment, FilingForm, Material } from "./shapes";
import { fill, TEXTS } from "./texts";

export function Materials({ formData, fieldPathId }: FieldProps<FilingForm>) {
  const { materials, attachments } = useFiling();
  const path = fieldPathId.path.join(".");
  const fileOf = (key: string) => attachments.find(({ id }) => id === textAt(formData, key));
  const given = new Set(materials.flatMap(({ key }) => fileOf(key)?.id ?? []));
  const others = attachments.filter(({ id }) => !given.has(id));
  if (!materials.length && !others.length) return <p className="jg-muted">{TEXTS.materialsUnknown}</p>;
  return (
    <>
      <p className="jg-help" role="status">
        {materials.length ? fill(TEXTS.materialsCount, { n: materials.length, done: given.size }) : TEXTS.materialsUnknown}
      </p>
      <ul className="jg-materials">
        {materials.map((material) => (
          <MaterialRow key={material.key} material={material} path={`${path}.${material.key}`} file={fileOf(material.key)} />
        ))}
      </ul>
      {others.length ? (
        <>
          <p className="jg-help">{TEXTS.materialsBeside}</p>
          <ul className="jg-materials">
            {others.map((file) => (
              <li key={file.id} className="jg-material">
                <Given file={file} />
              </li>
            ))}
          </ul>
        </>
      ) : null}
    </>
  );
}

interface RowProps {
  material: Material;
  path: string;
  file: Attachment | undefined;
}

function MaterialRow({ material, path, file }: RowProps) {
  const { api, setAttachments, findings, fillIn, onFailure, disabled } = useFiling();
  const [sending, setSending] = useState<File>();
  const [problem, setProblem] = useState("");
  const [over, setOver] = useState(false);
  const id = idOf(path);
  const missing = findings.errors.filter(({ field }) => field === path);

  async function send(chosen: File): Promise<void> {
    setSending(chosen);
    setProblem("");
    try {
      const attachment = await api.attach(chosen);
      setAttachments((now) => [...now, attachment]);
      fillIn({ [path]: attachment.id });
    } catch (error) {
      onFailure(error);
      setProblem(error instanceof Refusal ? error.errors[0]?.message || error.sentence : TEXTS.uploadFailed);
    } finally {
      setSending(undefined);
    }
  }

  const drag = (event: DragEvent, entered: boolean) => {
    event.preventDefault();
    setOver(entered);
  };
  return (
    <li className={missing.length ? "jg-material is-error" : "jg-material"}>
      <span className={file ? "jg-material-mark is-done" : "jg-material-mark"}>
        <Icon name={file ? "circle-check" : "alert-circle"} />
        <span className="visually-hidden">{file ? TEXTS.materialGiven : TEXTS.materialMissing}</span>
      </span>
      <div className="jg-material-name">
        <label htmlFor={id}>{material.title}</label>
        {material.note ? <small>{material.note}</small> : null}
        {missing.map(({ message }) => (
          <Message key={message} kind="error" text={message} />
        ))}
        {problem ? <Message kind="error" text={problem} /> : null}
      </div>
      {file ? (
        <Given file={file} path={path} />
      ) : (
        <div
          className={over ? "jg-material-drop is-over" : "jg-material-drop"}
          onDragOver={(event) => drag(event, true)}
          onDragLeave={(event) => drag(event, false)}
          onDrop={(event) => {
            drag(event, false);
            const dropped = event.dataTransfer.files[0];
            if (dropped && !disabled && !sending) void send(dropped);
          }}
        >
          <input
            type="file"
            id={id}
            accept={ACCEPTED}
            disabled={disabled || Boolean(sending)}
            onChange={(event) => {
              const chosen = event.target.files?.[0];
              if (chosen) void send(chosen);
              event.target.value = "";
            }}
          />
          <span role="status">
            <Icon name="upload" /> {sending ? TEXTS.uploading : TEXTS.materialDrop}
          </span>
        </div>
      )}
    </li>
  );
}

/** A file that is there, and taking it away; `path` is the material that it is given for. */
function Given({ file, path }: { file: Attachment; path?: string }) {
  const { api, setAttachments, fillIn, onFailure, disabled } = useFiling();
  const [removing, setRemoving] = useState(false);
  const [problem, setProblem] = useState("");

  async function remove(): Promise<void> {
    setRemoving(true);
    setProblem("");
    try {
      await api.detach(file.id);
      setAttachments((now) => now.filter(({ id }) => id !== file.id));
      if (path) fillIn({ [path]: "" });
    } catch (error) {
      onFailure(error);
      setProblem(error instanceof Refusal ? error.sentence : fill(TEXTS.removeFailed, { name: file.name }));
      setRemoving(false);
    }
  }

  return (
    <div className="jg-material-file">
      <FileKind name={file.name} />
      <div className="jg-file-name">
        <span>{file.name}</span>
        <small>{fileSize(file.size)}</small>
        {problem ? <Message kind="error" text={problem} /> : null}
      </div>
      <button
        type="button"
        className="btn jg-btn"
        aria-label={fill(TEXTS.removeFile, { name: file.name })}
        disabled={disabled || removing}
        onClick={() => void remove()}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}
