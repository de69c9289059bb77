/**
 * Who served it: what the headers of one response tell about the way it came.
 *
 * X-Cache is the edge's word, in CloudFront's own phrases. X-Node and X-Node-Cache are written by a cache node. The edge
 * stores a node's headers with the body, so on an edge hit they tell of the request that filled the edge, not of this
 * one. A browser keeps segments too, and shows the stored headers again. Only the Resource Timing entry says that nothing
 * was sent, so it is read first.
 */

/** The tiers that can answer: how they are called, and the stations that a request passes on the way there. */
export const TIERS = {
  browser: { name: "This browser", way: [] },
  edge: { name: "Edge", way: ["edge"] },
  node: { name: "Cache node", way: ["edge", "balancer", "node"] },
  fill: { name: "Bucket, filling a node", way: ["edge", "balancer", "node", "bucket"] },
  failover: { name: "Bucket, past the nodes", way: ["edge", "bucket"] },
  unknown: { name: "Not told", way: [] },
};

// nginx's words for a body from its own disk, and for one that it fetched from the bucket.
const FROM_NODE = new Set(["HIT", "STALE", "UPDATING", "REVALIDATED", "SHARED"]);
const FROM_BUCKET = new Set(["MISS", "EXPIRED", "BYPASS"]);

/**
 * The tier that answered: {tier, node, region, cache, pop}. `header` gives a header's value or null. `node` is the node of
 * *this* request, or on an edge hit the one that filled the edge; `region` is that node's. `pop` is CloudFront's code for
 * its location.
 */
export function whoServed(header, fromBrowser) {
  const node = header("X-Node");
  const cache = (header("X-Node-Cache") ?? "").toUpperCase();
  // A zone is its region and a letter.
  const region = header("X-Node-Zone")?.slice(0, -1) ?? null;
  const facts = { node, region, cache, pop: header("X-Amz-Cf-Pop") };
  if (fromBrowser) return { tier: "browser", ...facts };
  const edge = (header("X-Cache") ?? "").toLowerCase();
  if (edge.startsWith("hit") || edge.startsWith("refreshhit")) return { tier: "edge", ...facts };
  if (!edge.startsWith("miss")) return { tier: "unknown", ...facts };
  if (!node) return { tier: "failover", ...facts };
  if (FROM_NODE.has(cache)) return { tier: "node", ...facts };
  return { tier: FROM_BUCKET.has(cache) ? "fill" : "unknown", ...facts };
}

/** One sentence about one response, saying no more than its headers do. */
export function tell({ tier, node, cache, status }) {
  if (status) return `No tier delivered it: the answer was ${status}.`;
  switch (tier) {
    case "browser":
      return "Kept by this browser from an earlier view: nothing was sent.";
    case "edge":
      return node
        ? `From the edge’s cache. Node ${node} filled it there, earlier.`
        : "From the edge’s cache, filled earlier by the bucket itself.";
    case "node":
      if (cache === "SHARED") return `Not at the edge; node ${node} was fetching it for somebody else.`;
      return cache === "HIT"
        ? `Not at the edge; node ${node} had it.`
        : `Not at the edge; node ${node} had an older copy (${cache.toLowerCase()}).`;
    case "fill":
      return `Nowhere cached: node ${node} fetched it from the bucket, and keeps it.`;
    case "failover":
      return "No node took part: the edge went to the bucket itself.";
    default:
      return "The response does not say who served it.";
  }
}

/**
 * Says whether the browser answered a finished request for a rendition from its own cache.
 * The timing entry may come before or after the answer, hence the short wait.
 */
export class BrowserStore {
  #entries = new Map();
  #waiting = new Map();

  constructor() {
    // Buffered, because what was fetched ahead may have come before this observer.
    const options = { type: "resource", buffered: true };
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (entry.initiatorType !== "fetch" || !new URL(entry.name).pathname.startsWith("/v/")) continue;
        const waiter = this.#waiting.get(entry.name);
        this.#waiting.delete(entry.name);
        if (waiter) waiter(entry);
        else this.#entries.set(entry.name, entry);
      }
    }).observe(options);
  }

  async answered(url) {
    const entry = this.#entries.get(url) ?? (await this.#arrival(url));
    this.#entries.delete(url);
    return entry !== null && entry.transferSize === 0 && entry.decodedBodySize > 0;
  }

  #arrival(url) {
    return new Promise((resolve) => {
      this.#waiting.set(url, resolve);
      setTimeout(() => {
        this.#waiting.delete(url);
        resolve(null);
      }, 500);
    });
  }
}
