import { existsSync, readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import type { Dispatcher, RequestInit, Response } from "undici";
import type { Environment } from "../support/paths.js";
import { clauseOf, DownloadError } from "../support/errors.js";
import { proxiesFrom } from "../support/proxies.js";
import { formatSeconds } from "../support/units.js";
import { loginFor, withoutLogin } from "./credentials.js";
import type { PipSettings } from "./pip-settings.js";

/** The package index cannot be used from here; pip may still know a way. */
export class IndexError extends DownloadError {}

/** Requests to the package index, by the proxies, certificates and logins that the machine is set up with. */
export interface Transport extends AsyncDisposable {
  readonly settings: PipSettings;
  /** @throws IndexError for a status from 400 on and when the host cannot be reached; says why and what to do. */
  get(url: string, headers?: Headers): Promise<Response>;
  /** As get, of any kind. */
  send(url: string, request: Pick<RequestInit, "method" | "body"> & { headers?: Headers }): Promise<Response>;
}

type Headers = Readonly<Record<string, string>>;

/** What a status means on a server that is no package index; undefined: the usual. */
export type ExplainStatus = (status: number, url: string) => string | undefined;

/** A request that failed for a reason that may pass. */
export class PassingError extends IndexError {
  /** How long the server asks to wait (Retry-After), in milliseconds; 0 unless it does. */
  readonly waitMs: number;

  constructor(message: string, { waitMs = 0, ...options }: ErrorOptions & { waitMs?: number } = {}) {
    super(message, options);
    this.waitMs = waitMs;
  }
}

/** Servers that ask to wait longer are not waited for. */
const MAX_WAIT_MS = 60_000;

/** Where Linux distributions keep the system's certificates. */
const SYSTEM_CERTIFICATES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
];

/** Opens connections for a sequence of requests. undici is loaded here, and only when something is fetched. */
export async function openTransport(
  settings: PipSettings,
  environment: Environment = process.env,
  explain: ExplainStatus = () => undefined,
): Promise<Transport> {
  const { fetch } = await import("undici");
  const dispatchers = new Map<boolean, Dispatcher>();
  const dispatcherFor = async (trusted: boolean): Promise<Dispatcher> => {
    const dispatcher = dispatchers.get(trusted) ?? (await newDispatcher(settings, environment, trusted));
    dispatchers.set(trusted, dispatcher);
    return dispatcher;
  };
  const send: Transport["send"] = async (address, { headers = {}, ...request }) => {
    const url = new URL(address);
    const login = loginFor(url, settings.indexes, environment);
    const authorization = login && {
      authorization: `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`,
    };
    const dispatcher = await dispatcherFor(isTrusted(url, settings.trustedHosts));
    const sent = { "accept-encoding": "identity", ...authorization, ...headers };
    const response = await fetch(withoutLogin(url), { ...request, dispatcher, headers: sent }).catch(
      (error: unknown) => {
        throw explainNetworkError(error, url);
      },
    );
    if (response.status < 400) return response;
    await response.body?.cancel();
    throw explainStatus(response, url, explain);
  };
  return {
    settings,
    send,
    get: (url, headers = {}) => send(url, { headers }),
    [Symbol.asyncDispose]: async () => {
      for (const dispatcher of dispatchers.values()) await dispatcher.destroy();
    },
  };
}

async function newDispatcher(
  settings: PipSettings,
  environment: Environment,
  trusted: boolean,
): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import("undici");
  const proxies = proxiesFrom(environment);
  const timeout = settings.timeoutSeconds * 1000;
  const tls = { ca: trustedCertificates(settings, environment), rejectUnauthorized: !trusted };
  return new EnvHttpProxyAgent({
    httpProxy: settings.proxy ?? proxies.httpProxy,
    httpsProxy: settings.proxy ?? proxies.httpsProxy,
    noProxy: proxies.noProxy,
    connect: { ...tls, timeout },
    requestTls: tls,
    proxyTls: tls,
    headersTimeout: timeout,
    bodyTimeout: timeout,
  });
}

/** Node's own roots, the system's, and the file that pip's settings name. */
function trustedCertificates(settings: PipSettings, environment: Environment): string[] {
  const chosen = settings.certificates;
  if (chosen !== undefined && !existsSync(chosen)) {
    throw new DownloadError(
      `no certificates in ${chosen}: expected a PEM file there; it is named by pip's setting cert or by ` +
        "PIP_CERT, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. Correct or unset it",
    );
  }
  const named = [
    chosen,
    environment["SSL_CERT_FILE"],
    environment["NODE_EXTRA_CA_CERTS"],
    ...SYSTEM_CERTIFICATES,
  ];
  const files = new Set(named.filter((path): path is string => path !== undefined && existsSync(path)));
  return [...rootCertificates, ...[...files].map((path) => readFileSync(path, "utf8"))];
}

function isTrusted(url: URL, hosts: readonly string[]): boolean {
  return hosts.includes(url.hostname) || hosts.includes(url.host);
}

const advice: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name is not known here: this machine may be offline, or need a proxy (HTTPS_PROXY)",
  EAI_AGAIN: "the host name cannot be looked up: this machine may be offline, or need a proxy (HTTPS_PROXY)",
  ECONNREFUSED: "the connection was refused; check the address and the proxy (HTTPS_PROXY)",
  ENETUNREACH: "the network cannot be reached: this machine may be offline, or need a proxy (HTTPS_PROXY)",
  EHOSTUNREACH: "the host cannot be reached: this machine may be offline, or need a proxy (HTTPS_PROXY)",
  UND_ERR_CONNECT_TIMEOUT:
    "no connection in time: this machine may be offline, or need a proxy (HTTPS_PROXY)",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time; PIP_DEFAULT_TIMEOUT=SECONDS waits longer",
  UND_ERR_BODY_TIMEOUT: "the transfer stopped; PIP_DEFAULT_TIMEOUT=SECONDS waits longer",
};

const CERTIFICATE_CODE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS/;
/** Codes that no repetition changes: a name that does not exist, a certificate that is not trusted. */
const LASTING_CODE = /^ENOTFOUND$|CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|ERR_TLS|ERR_INVALID/;

/** The error for a request that got no answer. */
export function explainNetworkError(error: unknown, address: URL | string): Error {
  if (error instanceof DownloadError) return error;
  const causes = causesOf(error);
  const cause = causes.at(-1) as
    (Error & { code?: string; errors?: readonly { code?: string }[] }) | undefined;
  const proxyStatus = /Proxy response \((\d+)\)/.exec(causes.map(({ message }) => message).join(" "))?.[1];
  const code = cause?.code ?? cause?.errors?.[0]?.code ?? "";
  const reason =
    proxyStatus === "407"
      ? "the proxy wants a login: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"
      : proxyStatus !== undefined
        ? `the proxy refused with status ${proxyStatus}; check HTTPS_PROXY and NO_PROXY`
        : CERTIFICATE_CODE.test(code)
          ? `its certificate is not trusted (${code}): name your organization's certificates in PIP_CERT or NODE_EXTRA_CA_CERTS`
          : `${advice[code] ?? clauseOf(cause ?? error)}${code === "" ? "" : ` (${code})`}`;
  const Kind = proxyStatus !== undefined || LASTING_CODE.test(code) ? IndexError : PassingError;
  return new Kind(`cannot reach ${withoutLogin(address)}: ${reason}`, { cause: error });
}

/** An error, its cause, that one's cause and so on. */
function causesOf(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : [];
}

function explainStatus({ status, headers }: Response, url: URL, explain: ExplainStatus): IndexError {
  const where = withoutLogin(url);
  const special = explain(status, where);
  if (status === 401 || status === 403) {
    return new IndexError(
      special ??
        `${where} wants a login (status ${status}): put it into the address (PIP_INDEX_URL=https://USER:PASSWORD@HOST/…) or into ~/.netrc`,
    );
  }
  if (status === 404) return new IndexError(special ?? `${where} does not exist (status 404)`);
  if (status === 407) {
    return new IndexError(`${where}: the proxy wants a login: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT`);
  }
  const waitMs = waitOf(headers.get("retry-after"));
  const asks = waitMs > 0 ? `, and asks to wait ${formatSeconds(Math.ceil(waitMs / 1000))}` : "";
  const message = `${special ?? `${where} answered with status ${status}`}${asks}`;
  const passing = status === 408 || status === 429 || status >= 500;
  return passing && waitMs <= MAX_WAIT_MS ? new PassingError(message, { waitMs }) : new IndexError(message);
}

/** Of Retry-After, seconds or a date. */
function waitOf(header: string | null): number {
  if (header === null) return 0;
  const wait = /^\d+$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return Number.isFinite(wait) ? Math.max(0, wait) : 0;
}

/**
 * Repeats work that fails for a passing reason, after 0.5 s, 1 s, 2 s and so on up to 10 s, or when the server asks
 * for it (Retry-After).
 *
 * @param progress a number that grows with the work: failures are counted anew after it has grown.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  {
    retries,
    progress = () => 0,
    delayMs = 500,
  }: { retries: number; progress?: () => number; delayMs?: number },
): Promise<T> {
  let reached = progress();
  for (let failures = 0; ;) {
    try {
      return await work();
    } catch (error) {
      if (progress() > reached) failures = 0;
      reached = progress();
      if (!(error instanceof PassingError) || failures >= retries) throw error;
      const wait = Math.max(Math.min(delayMs * 2 ** failures, 10_000), error.waitMs);
      await new Promise((resolve) => setTimeout(resolve, wait));
      failures++;
    }
  }
}
