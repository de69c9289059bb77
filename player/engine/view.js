/**
 * The name of the current view. With it an operator finds each of the view's requests in the edge's log, and from there in
 * the logs of the balancer and the nodes. It is random, new for each view, and not stored: nobody can tell whose it is.
 *
 * Each request for the film carries it twice. The Referer is in CloudFront's access logs, and CMCD's header in its
 * real-time logs. Neither is part of an address, so browser and edge keep one copy for all views.
 */

let view = { title: "", session: "" };

/** A new view of `title`. */
export function beginView(title) {
  const session = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  view = { title, session };
}

/** The name of the view. */
export const sessionOfView = () => view.session;

/** The Referer of this view's requests. */
export const referrer = () => `${location.origin}/?${new URLSearchParams({ title: view.title, view: view.session })}`;

/** hls.js's settings for CMCD: the view, the title, the rung, the buffer, and whether the viewer waits. */
export const cmcd = () => ({
  sessionId: view.session,
  contentId: view.title,
  useHeaders: true,
  includeKeys: ["sid", "cid", "ot", "br", "bl", "bs", "su"],
});

/** The header for requests that the page makes before hls.js is loaded. */
export const cmcdHeaders = () => ({ "CMCD-Session": `cid="${view.title}",sid="${view.session}"` });
