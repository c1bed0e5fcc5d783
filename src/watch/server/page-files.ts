import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LongtailError } from "../../support/errors.js";

export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const BUILT = fileURLToPath(new URL("../../../dist/web", import.meta.url));

const TYPES: Partial<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The built page's files by their paths in addresses: nothing else is ever served from the disk. */
export function pageFiles(folder: string = BUILT): ReadonlyMap<string, PageFile> {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const files = new Map<string, PageFile>();
    for (const name of names) {
      const type = TYPES[extname(name)];
      if (type !== undefined)
        files.set(`/${name}`, { type, body: new Uint8Array(readFileSync(join(folder, name))) });
    }
    const page = files.get("/index.html");
    if (page === undefined) throw new Error("index.html is missing");
    return files.set("/", page);
  } catch (error) {
    throw new LongtailError(
      `the page of longtail watch is not built (${folder}: ${(error as Error).message}); run \`npm run setup\`, or use --text`,
      { cause: error },
    );
  }
}
