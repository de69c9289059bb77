/** Reads what hls.js does not tell of an HLS multivariant playlist: what to fetch first, and the previews' tiles. Pure. */

/** The lines of a playlist with something in them. */
const lines = (text) => text.split(/\r?\n/).filter((line) => line.trim());

/** The attributes of one tag as {NAME: value}, quotes removed. */
export function attributes(line) {
  const list = line.slice(line.indexOf(":") + 1);
  const found = list.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))/g);
  return Object.fromEntries([...found].map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

/** The variants, the lightest first: [{url, bandwidth, short, audio}]; `short` is the short side in pixels. */
export function variants(text, base) {
  const all = lines(text);
  const found = all.flatMap((line, i) => {
    if (!line.startsWith("#EXT-X-STREAM-INF:")) return [];
    const { BANDWIDTH, RESOLUTION = "", AUDIO = null } = attributes(line);
    const uri = all.slice(i + 1).find((next) => !next.startsWith("#"));
    const short = Math.min(...RESOLUTION.split("x").map(Number)) || 0;
    return uri ? [{ url: new URL(uri, base).href, bandwidth: Number(BANDWIDTH), short, audio: AUDIO }] : [];
  });
  return found.sort((one, other) => one.bandwidth - other.bandwidth);
}

/** The address of the sound that goes with a variant: in `preferred` language where there is one, else the default. */
export function soundOf({ audio }, text, base, preferred = null) {
  const media = lines(text).filter((line) => line.startsWith("#EXT-X-MEDIA:")).map(attributes);
  const group = media.filter(({ TYPE, "GROUP-ID": id, URI }) => TYPE === "AUDIO" && id === audio && URI);
  const chosen =
    group.find(({ LANGUAGE }) => preferred && LANGUAGE === preferred) ?? group.find(({ DEFAULT }) => DEFAULT === "YES");
  const uri = (chosen ?? group[0])?.URI;
  return uri ? new URL(uri, base).href : null;
}

/** The addresses that begin a media playlist at `position` seconds: its header, and the segment there. */
export function beginning(text, base, position = 0) {
  let header = null;
  let end = 0;
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-MAP:")) header = attributes(line).URI;
    else if (line.startsWith("#EXT-X-BYTERANGE:")) return []; // Parts of one file: hls.js knows better what to ask for.
    else if (line.startsWith("#EXTINF:")) end += parseFloat(line.slice(8));
    else if (!line.startsWith("#") && end > position)
      return [header, line].filter(Boolean).map((uri) => new URL(uri, base).href);
  }
  return [];
}

/**
 * The playlist of previews that suits `width` pixels best, or null. Encoders write it as Roku's specification of
 * image-based trick play says: EXT-X-IMAGE-STREAM-INF here, EXT-X-TILES in the playlist that it names.
 */
export function imagePlaylist(text, base, width) {
  const images = lines(text)
    .filter((line) => line.startsWith("#EXT-X-IMAGE-STREAM-INF:"))
    .map(attributes)
    .filter(({ URI }) => URI)
    .map(({ URI, RESOLUTION }) => ({ url: new URL(URI, base).href, width: parseInt(RESOLUTION, 10) || 0 }))
    .sort((one, other) => one.width - other.width);
  return (images.find((image) => image.width >= width) ?? images.at(-1))?.url ?? null;
}

/**
 * A playlist of previews as sheets in order: [{url, start, end, each, columns, rows, width, height}]. `each` is the
 * seconds of one picture; `width` and `height` are one picture's, in pixels of the sheet.
 */
export function sheets(text, base) {
  const found = [];
  let start = 0;
  let lasts = 0;
  let tiles = null;
  for (const line of lines(text)) {
    if (line.startsWith("#EXTINF:")) lasts = parseFloat(line.slice(8));
    else if (line.startsWith("#EXT-X-TILES:")) tiles = attributes(line);
    else if (!line.startsWith("#")) {
      const [width, height] = (tiles?.RESOLUTION ?? "").split("x").map(Number);
      const [columns, rows] = (tiles?.LAYOUT ?? "1x1").split("x").map(Number);
      const each = Number(tiles?.DURATION) || lasts;
      const fair = [width, height, columns, rows, each, lasts].every((figure) => figure > 0);
      if (fair) found.push({ url: new URL(line, base).href, start, end: start + lasts, each, columns, rows, width, height });
      start += lasts || 0;
    }
  }
  return found;
}
