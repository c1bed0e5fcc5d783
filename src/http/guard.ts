import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import { Guesses } from "./guesses.js";

export interface Access {
  /** Null: whoever reaches the port may look. */
  readonly token: string | null;
  /** The address that the server listens at. */
  readonly host: string;
  /** Further names that requests may come under, such as a proxy's. */
  readonly allowedHosts: readonly string[];
  /** The command that serves, for messages: "longtail watch". */
  readonly command: string;
}

const HEADERS = {
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
} as const;

/** What a page may do: load and ask what comes from here, and show images from here and from the sources named. */
function pagePolicy(images: string): string {
  return (
    `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'${images}; connect-src 'self'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  );
}

/**
 * Every answer says what the page may do: nothing but what comes from here, unless the answer has a policy of its own.
 *
 * @param images further sources of images, such as "blob:" for photographs that a visitor chose.
 */
export function safeHeaders({ images }: { readonly images?: string } = {}): MiddlewareHandler {
  const policy = pagePolicy(images === undefined ? "" : ` ${images}`);
  return async (context, next) => {
    await next();
    const { headers } = context.res;
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    if (!headers.has("Content-Security-Policy")) headers.set("Content-Security-Policy", policy);
  };
}

/** There is nothing to change here. HEAD would open streams that nobody reads. */
export function onlyReading(): MiddlewareHandler {
  return async (context, next) => {
    if (context.req.method === "GET") return next();
    return context.text("This server only shows: GET.\n", 405, { Allow: "GET" });
  };
}

/**
 * Refuses requests under names that are not this machine's. A page of elsewhere whose name is made to lead here (DNS
 * rebinding) would count as of the same origin; its own name in `Host` gives it away.
 */
export function knownHost({ host, allowedHosts, command }: Access): MiddlewareHandler {
  const allowed = allowedHosts.map((name) => hostOf(name) ?? name);
  return async (context, next) => {
    const named = hostOf(context.req.header("host"));
    if (named !== null && (allowed.includes(named) || isKnown(named, host))) return next();
    return context.text(
      `Unknown host ${JSON.stringify(named ?? "")}: use the address that was printed, or start ${command} with ` +
        `--allow-host ${named ?? "NAME"} when a proxy has this name.\n`,
      421,
    );
  };
}

function hostOf(header: string | undefined): string | null {
  try {
    return new URL(`http://${header ?? ""}`).hostname.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  } catch {
    return null;
  }
}

function isKnown(named: string, bound: string): boolean {
  if (isLoopback(named)) return true;
  if (isLoopback(bound)) return false;
  const own = hostname().toLowerCase();
  return isIP(named) !== 0 || named === bound.toLowerCase() || named === own || named.startsWith(`${own}.`);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

const CHALLENGE = { "WWW-Authenticate": "Bearer" } as const;

/**
 * Where a token is asked for, it comes with the first address, or in the header `Authorization: Bearer TOKEN`. A browser has a
 * cookie from then on, until the server ends; it cannot be guessed, so that those who have it stay, whoever tries tokens.
 */
export function tokenHolder({ token, command }: Access, guesses = new Guesses()): MiddlewareHandler {
  const session = randomBytes(24).toString("base64url");
  // A browser sends a machine's cookies to all of its ports: each server has its own.
  const cookie = `${command.replaceAll(" ", "-")}-${digest(session).toString("hex", 0, 4)}`;
  const ways = `open the address that \`${command}\` printed, or send the header Authorization: Bearer TOKEN.`;
  return async (context, next) => {
    if (token === null) return next();
    if (isSame(getCookie(context, cookie) ?? "", session)) return next();
    const asked = context.req.query("token");
    const bearer = /^Bearer (.+)$/.exec(context.req.header("authorization") ?? "")?.[1];
    const given = asked ?? bearer;
    if (given === undefined) return context.text(`A token is needed: ${ways}\n`, 401, CHALLENGE);
    const refused = (): Response => context.text(`That is not the token: ${ways}\n`, 401, CHALLENGE);
    if (guesses.isWrong(given)) return refused();
    const address = addressOf(context);
    const wait = guesses.secondsToWait(address);
    if (wait > 0)
      return context.text(`Too many wrong tokens: try again in ${wait} s.\n`, 429, {
        "Retry-After": String(wait),
      });
    if (!isSame(given, token)) {
      guesses.wrong(address, given);
      return refused();
    }
    if (asked === undefined || context.req.path !== "/") return next();
    // Without a path the browser sends it below this page alone, also where a proxy has other pages beside it.
    context.header("Set-Cookie", `${cookie}=${session}; HttpOnly; SameSite=Lax`);
    return context.redirect("./", 303); // the token is not to stay in the address
  };
}

function addressOf(context: Context): string {
  return getConnInfo(context).remote.address ?? "";
}

/** Takes the same time however much of the token is right. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
