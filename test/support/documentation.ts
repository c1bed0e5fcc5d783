/** What the Markdown files say: commands in fenced blocks, code in running text, TypeScript, links and headings. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const project = join(import.meta.dirname, "../..");

/** What a block of commands needs that a test does not have, as a comment before it says: <!-- needs: gpu -->. */
export const NEEDS: readonly string[] = ["data", "gpu", "machines", "network", "time"];

export interface DocumentedCommand {
  /** "docs/guide.md:12" */
  readonly where: string;
  readonly text: string;
  readonly words: readonly string[];
  /** One of NEEDS, or null when the command can be run by a test. */
  readonly needs: string | null;
}

export interface Passage {
  readonly where: string;
  readonly text: string;
}

interface Fence {
  readonly language: string;
  readonly line: number; // of its first line of code, from 1
  readonly lines: readonly string[];
  readonly needs: string | null;
}

/** The project's Markdown files, relative to its root, in order. */
export function documents(): string[] {
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], {
    cwd: project,
    encoding: "utf8",
  });
  return listed.trim().split("\n").sort();
}

export function commandsIn(document: string): DocumentedCommand[] {
  return fencesIn(document)
    .filter(({ language }) => language === "sh")
    .flatMap(({ line, lines, needs }) =>
      joinedLines(lines).map(({ text, offset }) => ({
        where: `${document}:${line + offset}`,
        text,
        words: shellWords(text),
        needs,
      })),
    )
    .filter(({ words }) => words.length > 0);
}

/** TypeScript blocks. */
export function snippetsIn(document: string): Passage[] {
  return fencesIn(document)
    .filter(({ language }) => language === "ts")
    .map(({ line, lines }) => ({ where: `${document}:${line}`, text: lines.join("\n") }));
}

/** Code in running text and in tables: `like this`. */
export function inlineCodeIn(document: string): Passage[] {
  return prose(document).flatMap(({ line, text }) =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => ({ where: `${document}:${line}`, text: code! })),
  );
}

/** Targets of links and pictures. */
export function linksIn(document: string): Passage[] {
  return prose(document).flatMap(({ line, text }) =>
    [...text.replaceAll(/`[^`]*`/g, "").matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => ({
      where: `${document}:${line}`,
      text: target!,
    })),
  );
}

/** What `#…` may name: each heading in small letters, without punctuation, with hyphens for spaces. */
export function anchorsIn(document: string): string[] {
  return prose(document).flatMap(({ text }) => {
    const heading = /^#+ (.*)$/.exec(text)?.[1];
    if (heading === undefined) return [];
    return [
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ];
  });
}

/** Words of a command line: quotes, backslashes and a comment at the end; no variables. */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:(#.*)|((?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+))/gy;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[1] !== undefined) break;
    words.push(match[2]!.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, a, b, c) => String(a ?? b ?? c)));
  }
  return words;
}

function linesOf(document: string): string[] {
  return readFileSync(join(project, document), "utf8").split("\n");
}

function fencesIn(document: string): Fence[] {
  const lines = linesOf(document);
  const fences: Fence[] = [];
  for (let i = 0; i < lines.length; i += 1) {
    const language = /^```(\w*)$/.exec(lines[i]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", i + 1);
    const needs = /^<!-- needs: (.*) -->$/.exec(lines[i - 1] ?? "")?.[1] ?? null;
    fences.push({ language, line: i + 2, lines: lines.slice(i + 1, end), needs });
    i = end;
  }
  return fences;
}

function prose(document: string): { readonly line: number; readonly text: string }[] {
  let inside = false;
  return linesOf(document).flatMap((text, i) => {
    const isFence = text.startsWith("```");
    if (isFence) inside = !inside;
    return inside || isFence ? [] : [{ line: i + 1, text }];
  });
}

/** Lines that end in a backslash go on in the next one. */
function joinedLines(lines: readonly string[]): { readonly text: string; readonly offset: number }[] {
  const joined: { text: string; offset: number }[] = [];
  for (const [offset, line] of lines.entries()) {
    const last = joined.at(-1);
    if (last?.text.endsWith("\\")) last.text = `${last.text.slice(0, -1)} ${line.trim()}`;
    else joined.push({ text: line, offset });
  }
  return joined;
}
