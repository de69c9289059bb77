/** Figures and languages as people write them. */

/** Seconds as 0:07, 12:04 or 1:02:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds as a screen reader should say them: "1 hour 2 minutes 3 seconds". */
export function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const parts = { hour: Math.floor(whole / 3600), minute: Math.floor(whole / 60) % 60, second: whole % 60 };
  const said = Object.entries(parts).filter(([, count]) => count);
  return said.map(([unit, count]) => `${count} ${unit}${count === 1 ? "" : "s"}`).join(" ") || "0 seconds";
}

/** Reads 83, "1:23" or "1h2m3s" as seconds; null for anything else. */
export function seconds(text) {
  const parts = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)$/.exec(text) ?? /^(?=\d)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(text);
  if (!parts) return null;
  const [h, m, s] = parts.slice(1).map((part) => Number(part ?? 0));
  return 3600 * h + 60 * m + s;
}

/** Bytes as 512 B, 34 KB or 5.6 MB (powers of ten, as networks and price lists count). */
export function size(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const unit = bytes < 1e6 ? "KB" : bytes < 1e9 ? "MB" : "GB";
  const value = bytes / { KB: 1e3, MB: 1e6, GB: 1e9 }[unit];
  return `${value < 10 && unit !== "KB" ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** The name of a language in that language: "de" is "Deutsch". Null for an unknown code. */
export function language(code) {
  if (!code || code === "und") return null;
  try {
    const name = new Intl.DisplayNames([code], { type: "language", fallback: "none" }).of(code);
    return name ? name[0].toLocaleUpperCase(code) + name.slice(1) : null;
  } catch {
    return null; // Not even the shape of a language code.
  }
}
