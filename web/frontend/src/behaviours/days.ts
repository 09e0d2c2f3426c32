/** 20211201, 2021/12/1, 2021年12月1日 and 2021-12-01 are the same day; 2021-02-30 is none. */
export function dayOf(typed: string): string | undefined {
  const text = typed.normalize("NFKC").trim();
  const parts = /^(\d{4})(\d{2})(\d{2})$/.exec(text) ?? /^(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})日?$/.exec(text);
  if (!parts) return undefined;
  const [year, month, day] = parts.slice(1).map(Number);
  const date = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day));
  const real = date.getUTCMonth() + 1 === month && date.getUTCDate() === day;
  return real ? date.toISOString().slice(0, 10) : undefined;
}
