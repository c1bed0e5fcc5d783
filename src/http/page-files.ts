import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Context, Handler } from "hono";
import { LongtailError } from "../support/errors.js";

export interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

/** A built page's files by their paths in addresses. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const TYPES: Partial<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The folder of a page that scripts/build-web.mjs has built. */
function builtPage(name: string): string {
  return fileURLToPath(new URL(`../../dist/web/${name}`, import.meta.url));
}

/**
 * The built page's files: nothing else is ever served from the disk.
 * @throws LongtailError when the page is not built; its text ends with `instead`, what to do without the page.
 */
export function pageFiles(name: string, instead: string): PageFiles {
  const folder = builtPage(name);
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const files = new Map<string, PageFile>();
    for (const file of names) {
      const type = TYPES[extname(file)];
      if (type !== undefined)
        files.set(`/${file}`, { type, body: new Uint8Array(readFileSync(join(folder, file))) });
    }
    const page = files.get("/index.html");
    if (page === undefined) throw new Error("index.html is missing");
    return files.set("/", page);
  } catch (error) {
    throw new LongtailError(
      `the page of longtail ${name} is not built (${folder}: ${(error as Error).message}); run \`npm run setup\`${instead}`,
      { cause: error },
    );
  }
}

/** Answers with the page's files; below a base path without its slash it leads to the one with it. */
export function pageHandler(files: PageFiles, basePath: string): Handler {
  return (context: Context) => {
    if (basePath !== "" && context.req.path === basePath)
      return context.redirect(`${basePath.split("/").at(-1)!}/`, 308); // relative addresses take a path that ends so
    const file = files.get(context.req.path);
    if (file === undefined) return context.text("There is no such page.\n", 404);
    return context.body(file.body, 200, { "Content-Type": file.type });
  };
}
