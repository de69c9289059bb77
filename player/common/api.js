/**
 * The playback API. Every outcome that a viewer can meet is a value with a `kind`, so that no view has to guess what a
 * thrown error meant; only `trouble` (no answer, or one that makes no sense) is worth asking again at once.
 */

// Longer than CloudFront waits for the load balancer, so that the page sees CloudFront's own error.
const PATIENCE_MS = 15_000;

/** A page of titles in one state, the newest first: {kind: "titles", titles, next} or {kind: "trouble"}. */
export async function titles(state, next = null) {
  const query = new URLSearchParams(next === null ? { state } : { state, next });
  const answer = await ask(`/api/titles?${query}`);
  if (answer.status !== 200 || !Array.isArray(answer.body?.titles)) return { kind: "trouble" };
  return { kind: "titles", titles: answer.body.titles, next: answer.body.next ?? null };
}

/** One title: {kind: "title", title}, {kind: "missing"} or {kind: "trouble"}. */
export async function title(id) {
  const answer = await ask(`/api/titles/${encodeURIComponent(id)}`);
  if (answer.status === 404) return { kind: "missing" };
  return answer.status === 200 && answer.body ? { kind: "title", title: answer.body } : { kind: "trouble" };
}

/**
 * Asks to play a title, or takes the answer that the page asked for before its scripts were there (index.html):
 * {kind: "ready", name, hls, poster, duration, opening} · {kind: "preparing", seconds} (ask again then) · {kind: "missing"} ·
 * {kind: "trouble"}.
 */
export async function play(id) {
  const asked = window.asked?.id === id ? window.asked.answer : null;
  window.asked = null;
  const { status, body, headers } = await ask(`/api/titles/${encodeURIComponent(id)}/play`, { method: "POST" }, asked);
  if (status === 200 && typeof body?.hls === "string") return { kind: "ready", ...body };
  if (status === 202) return { kind: "preparing", seconds: patience(headers.get("Retry-After") ?? body?.retry_after) };
  if (status === 404) return { kind: "missing" };
  return { kind: "trouble" };
}

/** A path of ours as a URL of this origin, whatever the API sent: never another host, never a script. */
export const path = (value) => (value ? `/${String(value).replace(/^[/\\]+/, "")}` : null);

async function ask(url, options = {}, asked = null) {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await (asked ?? fetch(url, { ...options, signal, headers: { Accept: "application/json" } }));
    return { status: response.status, headers: response.headers, body: await response.json().catch(() => null) };
  } catch {
    return { status: 0, headers: new Headers(), body: null };
  }
}

// Between a second and a minute, in case the header is wrong.
const patience = (value) => Math.min(60, Math.max(1, Number(value) || 5));
