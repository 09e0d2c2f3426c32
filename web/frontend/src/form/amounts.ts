/** Amounts as people type and read them. They stay texts throughout: a sum never becomes a binary fraction. */

const AMOUNT = /^(\d+)(?:\.(\d*))?$/;

/** What was typed, as it is stored: １，５００。5 becomes 1500.5. What is no amount stays as typed. */
export function plainAmount(typed: string): string {
  const bare = typed.normalize("NFKC").replace(/[\s,]/g, "").replace("。", ".");
  return AMOUNT.test(bare) ? bare.replace(/\.$/, "") : typed.trim();
}

/** 1500.5 becomes 1,500.5; what is no amount stays. */
export function groupedAmount(amount: string): string {
  const parts = AMOUNT.exec(amount);
  if (!parts) return amount;
  const whole = (parts[1] ?? "").replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ",");
  return parts[2] ? `${whole}.${parts[2]}` : whole;
}

/** The exact sum; undefined while one of them is no amount. */
export function sumOfAmounts(amounts: string[]): string | undefined {
  const parts = amounts.map((amount) => AMOUNT.exec(amount));
  if (parts.some((part) => part === null)) return undefined;
  const places = Math.max(0, ...parts.map((part) => part?.[2]?.length ?? 0));
  const sum = parts.reduce((total, part) => total + BigInt((part?.[1] ?? "0") + (part?.[2] ?? "").padEnd(places, "0")), 0n);
  const digits = sum.toString().padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places);
  const fraction = digits.slice(digits.length - places).replace(/0+$/, "");
  return fraction ? `${whole}.${fraction}` : whole;
}
