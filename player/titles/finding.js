/** Finding titles: which ones match what is typed, and in what order. Pure. */

export const ORDERS = { newest: "Newest first", name: "A to Z", short: "Shortest first", long: "Longest first" };

// "Über" is found by "uber", and a part of a word by itself.
const plain = (text) =>
  String(text ?? "")
    .normalize("NFD")
    .replace(/\p{Diacritic}/gu, "")
    .toLocaleLowerCase();

/** The titles whose name or description holds every word of `query`; those with it in the name come first. */
export function find(titles, query) {
  const words = plain(query).split(/\s+/).filter(Boolean);
  if (!words.length) return titles;
  const inName = ({ name }) => words.every((word) => plain(name).includes(word));
  const all = ({ name, description }) => words.every((word) => plain(`${name} ${description ?? ""}`).includes(word));
  const found = titles.filter(all);
  return [...found.filter(inName), ...found.filter((title) => !inName(title))];
}

/** The titles in one of ORDERS. "newest" is the order that they came in. */
export function sorted(titles, order) {
  const by = {
    name: (one, other) => one.name.localeCompare(other.name, undefined, { numeric: true, sensitivity: "base" }),
    short: (one, other) => (one.duration ?? Infinity) - (other.duration ?? Infinity),
    long: (one, other) => (other.duration ?? 0) - (one.duration ?? 0),
  }[order];
  return by ? [...titles].sort(by) : titles;
}
