import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DownloadError } from "../support/errors.js";
import type { Wheel } from "./wheel.js";
import { withoutLogin } from "./credentials.js";
import { explainNetworkError, IndexError, withRetries, type Transport } from "./transport.js";
import { counted } from "../support/text.js";

/** Where a wheel is: a file on this machine, or an address. */
export type WheelSource =
  { readonly kind: "file"; readonly path: string } | { readonly kind: "address"; readonly url: string };

interface Link {
  readonly file: string;
  readonly url: string;
  readonly sha256: string | undefined;
}

/** What is used of a parsed page; the DOM's own types are not among this project's. */
interface Page {
  querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null }>;
}

const ACCEPT =
  "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/**
 * Finds a wheel in pip's `find-links`, then in its indexes, by the simple repository interface: JSON (PEP 691) where
 * the index has it, else HTML (PEP 503).
 *
 * @throws IndexError that says what each place answered, DownloadError when one offers another file under this name.
 */
export async function findWheel(transport: Transport, wheel: Wheel): Promise<WheelSource> {
  const { findLinks, indexes } = transport.settings;
  const reasons: string[] = [];
  for (const place of findLinks) {
    const folder = folderOf(place);
    const path = folder && join(folder, wheel.file);
    if (path === undefined) {
      const found = await findOnPage(transport, place, wheel, reasons);
      if (found) return found;
    } else if (existsSync(path)) return { kind: "file", path };
    else reasons.push(`not in the folder ${folder ?? ""} (find-links)`);
  }
  for (const index of indexes) {
    const page = `${index.replace(/\/+$/, "")}/${wheel.name.toLowerCase().replaceAll(/[-_.]+/g, "-")}/`;
    const found = await findOnPage(transport, page, wheel, reasons);
    if (found) return found;
  }
  throw new IndexError(
    `cannot find ${wheel.file}: ${reasons.join("; ") || "pip's settings name no index"}. ` +
      "Without a network the wheels can be taken from a folder (PIP_FIND_LINKS)",
  );
}

/** The folder that an entry of `find-links` names; undefined for a web page. */
function folderOf(place: string): string | undefined {
  if (place.startsWith("file:")) return fileURLToPath(place);
  return /^https?:/.test(place) ? undefined : place;
}

async function findOnPage(
  transport: Transport,
  page: string,
  { file, sha256 }: Wheel,
  reasons: string[],
): Promise<WheelSource | undefined> {
  const where = withoutLogin(page);
  let links: Link[];
  try {
    links = await withRetries(() => readPage(transport, page), { retries: transport.settings.retries });
  } catch (error) {
    if (!(error instanceof IndexError)) throw error;
    reasons.push(error.message);
    return undefined;
  }
  const link = links.find((one) => one.file === file);
  if (!link) {
    reasons.push(`${where} does not list it (it lists ${counted(links.length, "file")})`);
    return undefined;
  }
  if (link.sha256 !== undefined && link.sha256 !== sha256) {
    throw new DownloadError(
      `${where} offers another ${file}: expected sha256 ${sha256}, found ${link.sha256}; use an index that has the published file (PIP_INDEX_URL)`,
    );
  }
  return { kind: "address", url: link.url };
}

async function readPage(transport: Transport, page: string): Promise<Link[]> {
  const response = await transport.get(page, { accept: ACCEPT });
  const type = response.headers.get("content-type") ?? "";
  const text = await response.text().catch((error: unknown) => {
    throw explainNetworkError(error, page);
  });
  return type.includes("json") ? jsonLinks(text, response.url) : await htmlLinks(text, response.url);
}

function jsonLinks(text: string, base: string): Link[] {
  try {
    const { files } = JSON.parse(text) as {
      files: readonly { filename: string; url: string; hashes?: { sha256?: string } }[];
    };
    return files.map(({ filename, url, hashes }) => ({
      file: filename,
      url: new URL(url, base).href,
      sha256: hashes?.sha256,
    }));
  } catch (error) {
    throw new IndexError(`${withoutLogin(base)} is no list of files (PEP 691)`, { cause: error });
  }
}

async function htmlLinks(text: string, base: string): Promise<Link[]> {
  const { parseHTML } = await import("linkedom");
  const { document } = parseHTML(text) as unknown as { document: Page };
  const anchors = [...document.querySelectorAll("a[href]")];
  return anchors.flatMap((anchor) => {
    const href = anchor.getAttribute("href") ?? "";
    if (!URL.canParse(href, base)) return [];
    const url = new URL(href, base);
    const sha256 = /sha256=([0-9a-f]{64})/.exec(url.hash)?.[1];
    url.hash = "";
    return [{ file: decodeURIComponent(url.pathname.split("/").at(-1) ?? ""), url: url.href, sha256 }];
  });
}
