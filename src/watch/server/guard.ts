import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import type { MiddlewareHandler } from "hono";
import { getCookie, setCookie } from "hono/cookie";

export interface Access {
  /** Null: whoever reaches the port may look. */
  readonly token: string | null;
  /** The address that the server listens at. */
  readonly host: string;
}

const HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "Cache-Control": "no-store",
} as const;

/** Every answer says what the page may do: nothing but what comes from here. */
export function safeHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next();
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
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
export function knownHost({ host }: Access): MiddlewareHandler {
  return async (context, next) => {
    const named = hostOf(context.req.header("host"));
    if (named !== null && isKnown(named, host)) return next();
    return context.text(
      `Unknown host ${JSON.stringify(named ?? "")}: use the address that was printed.\n`,
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

/**
 * Where a token is asked for, it comes with the first address, in the cookie from then on, or in the header
 * `Authorization: Bearer TOKEN`.
 */
export function tokenHolder({ token }: Access): MiddlewareHandler {
  // A browser sends a machine's cookies to all of its ports: each server has its own.
  const cookie = `longtail-watch-${digest(token ?? "").toString("hex", 0, 4)}`;
  return async (context, next) => {
    if (token === null) return next();
    const given = context.req.query("token");
    if (given !== undefined && isSame(given, token)) {
      setCookie(context, cookie, token, { httpOnly: true, sameSite: "Lax", path: "/" });
      return context.redirect("/", 303); // the token is not to stay in the address
    }
    const bearer = /^Bearer (.+)$/.exec(context.req.header("authorization") ?? "")?.[1];
    const shown = bearer ?? getCookie(context, cookie);
    if (shown !== undefined && isSame(shown, token)) return next();
    return context.text("A token is needed: open the address that `longtail watch` printed.\n", 401);
  };
}

/** Takes the same time however much of the token is right. */
function isSame(given: string, token: string): boolean {
  return timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
