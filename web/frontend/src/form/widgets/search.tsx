/** One of many, found by keyword (R116): the combobox pattern with a list that the server searches. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";

import { useFiling } from "../filing-context";
import { Icon } from "../icon";
import { pathOf } from "../layout";
import { Message } from "../messages";
import { whenReleased } from "../pointer";
import type { LookupItem } from "../shapes";
import { fill, TEXTS } from "../texts";
import { type Widget, controlProps, optionsOf } from "./widget";

const PAUSE_MS = 200;

type Result = { state: "busy" | "failed" } | { state: "found"; query: string; items: LookupItem[] };

export function SearchWidget(props: Widget) {
  const { value, onChange, onBlur, id, label, readonly, disabled } = props;
  const { lookup = "", hintFills } = optionsOf(props);
  const { fillIn } = useFiling();
  const [query, setQuery] = useState<string>();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const [left, setLeft] = useState(false);
  const list = useId();
  const chosen = typeof value === "string" ? value : "";
  const [shown, remember] = useLabel(lookup, chosen);
  const result = useResult(lookup, query ?? "", open);
  const items = result.state === "found" ? result.items : [];
  const unchosen = left && query !== undefined && query.trim() !== "" && chosen === "";

  function choose(item: LookupItem): void {
    remember(item);
    setQuery(undefined);
    setOpen(false);
    // Both in one change: RJSF reports its own later, and would undo what was filled in between.
    if (hintFills && item.hint) fillIn({ [pathOf(id)]: item.value, [hintFills]: item.hint });
    else onChange(item.value);
  }

  function clear(): void {
    setQuery(undefined);
    onChange("");
    document.getElementById(id)?.focus();
  }

  function press(event: KeyboardEvent): void {
    if (event.nativeEvent.isComposing) return; // the input method's own keys
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      setActive((now) => (items.length ? (now + step + items.length) % items.length : 0));
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      // Not from the matches of what was typed before: they only stay to be looked at until the new ones come.
      const item = result.state === "found" && result.query === (query ?? "") ? items[active] : undefined;
      if (item) choose(item);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setOpen(false);
    }
  }

  function leave(): void {
    setOpen(false);
    whenReleased(() => setLeft(true));
    // A choice once made stands until another is made or it is cleared.
    if (chosen !== "" || query?.trim() === "") setQuery(undefined);
    onBlur(id, value);
  }

  const rows = useRef<HTMLUListElement>(null);
  useEffect(() => {
    if (open && rows.current) uncover(rows.current);
  }, [open, result]);

  const option = (index: number) => `${list}-${index}`;
  const locked = Boolean(readonly || disabled);
  return (
    <>
      <div className="jg-combo">
        <div className="jg-control">
          <input
            {...controlProps(props)}
            type="text"
            role="combobox"
            autoComplete="off"
            aria-autocomplete="list"
            aria-expanded={open}
            aria-controls={list}
            {...(open && items[active] && { "aria-activedescendant": option(active) })}
            readOnly={readonly}
            value={query ?? shown}
            onFocus={(event) => {
              setLeft(false);
              event.target.select();
            }}
            onClick={() => !locked && setOpen(true)}
            onChange={(event) => {
              setQuery(event.target.value);
              setActive(0);
              setOpen(true);
            }}
            onKeyDown={press}
            onBlur={leave}
          />
          {(query ?? shown) && !locked ? (
            <button type="button" className="jg-control-clear" aria-label={fill(TEXTS.searchClear, { title: label })} onClick={clear}>
              <Icon name="x" />
            </button>
          ) : (
            <span className="jg-control-clear" aria-hidden="true">
              <Icon name="search" />
            </span>
          )}
        </div>
        {open ? (
          <ul className="jg-combo-list" ref={rows} id={list} role="listbox" aria-label={fill(TEXTS.searchResults, { title: label })}>
            {result.state === "found" && items.length ? (
              items.map((item, index) => (
                <li
                  key={item.value}
                  id={option(index)}
                  role="option"
                  aria-selected={index === active}
                  ref={index === active ? scrollIntoView : undefined}
                  // The field must keep the focus, or leaving it would close the list before the click arrives.
                  onMouseDown={(event) => event.preventDefault()}
                  onClick={() => choose(item)}
                >
                  <Marked text={item.label} query={query ?? ""} />
                  {item.hint ? <span className="jg-muted jg-small">{TEXTS.gap}{item.hint}</span> : null}
                </li>
              ))
            ) : (
              <li className="jg-combo-none" role="option" aria-selected="false" aria-disabled="true">
                {result.state === "busy" ? TEXTS.searchBusy : result.state === "failed" ? TEXTS.searchFailed : TEXTS.searchNone}
              </li>
            )}
          </ul>
        ) : null}
        <span className="visually-hidden" role="status">
          {open && result.state === "found" ? fill(TEXTS.searchCount, { n: items.length }) : ""}
        </span>
      </div>
      {unchosen ? <Message kind="error" text={TEXTS.searchUnchosen} /> : null}
    </>
  );
}

const scrollIntoView = (row: HTMLLIElement | null) => row?.scrollIntoView({ block: "nearest" });

/** A list that reaches below the page's bar is moved up to where it can be read. */
function uncover(rows: HTMLElement): void {
  const bar = document.getElementById("form-bar")?.getBoundingClientRect().top ?? window.innerHeight;
  if (rows.getBoundingClientRect().bottom > bar) rows.scrollIntoView({ block: "center" });
}

function Marked({ text, query }: { text: string; query: string }) {
  const wanted = query.trim();
  const at = wanted ? text.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  if (at < 0) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + wanted.length)}</mark>
      {text.slice(at + wanted.length)}
    </>
  );
}

/** The matches of a query, asked for when the typing pauses. */
function useResult(lookup: string, query: string, open: boolean): Result {
  const { api } = useFiling();
  const [result, setResult] = useState<Result>({ state: "busy" });
  useEffect(() => {
    if (!open) return;
    const abort = new AbortController();
    setResult((now) => (now.state === "found" ? now : { state: "busy" }));
    const timer = window.setTimeout(
      async () => {
        try {
          const items = await api.lookup(lookup, query.trim(), abort.signal);
          if (!abort.signal.aborted) setResult({ state: "found", query, items });
        } catch {
          if (!abort.signal.aborted) setResult({ state: "failed" });
        }
      },
      query ? PAUSE_MS : 0,
    );
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [api, lookup, query, open]);
  return result;
}

/** How a chosen value is called: forms store codes, people read names. */
function useLabel(lookup: string, value: string): [string, (item: LookupItem) => void] {
  const { api } = useFiling();
  const known = useRef(new Map<string, string>());
  const [, redraw] = useState(0);
  useEffect(() => {
    if (value === "" || known.current.has(value)) return;
    const abort = new AbortController();
    api.lookup(lookup, value, abort.signal).then(
      (items) => {
        known.current.set(value, items.find((item) => item.value === value)?.label ?? value);
        redraw((n) => n + 1);
      },
      () => undefined, // the code itself is shown
    );
    return () => abort.abort();
  }, [api, lookup, value]);
  return [value && (known.current.get(value) ?? value), ({ value: code, label }) => known.current.set(code, label)];
}
