import type { Messages } from "../../../src/watch/protocol.ts";

/** refused: the server is there and asks for a token that this page does not have. */
export type Status = "connecting" | "live" | "lost" | "refused";

type Listeners = { readonly [Name in keyof Messages]: (message: Messages[Name]) => void };

const FIRST_PAUSE = 1000; // milliseconds before a new attempt; doubled until
const MAX_PAUSE = 8000;
/** The server says something every 15 seconds: a connection that is silent for longer is one no more. */
const SILENCE = 40_000;

/** The server's events about the list and the runs `ids`: again and again, should the server go and come back. */
export class Connection {
  private source: EventSource | null = null;
  private pause = FIRST_PAUSE;
  private attempt: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly ids: readonly string[],
    private readonly listeners: Listeners,
    private readonly status: (status: Status) => void,
  ) {
    this.open();
  }

  close(): void {
    clearTimeout(this.attempt);
    clearTimeout(this.silence);
    this.source?.close();
    this.source = null;
  }

  private open(): void {
    this.close();
    const source = new EventSource(`./api/events?${new URLSearchParams(this.ids.map((id) => ["run", id]))}`);
    this.source = source;
    for (const [name, listen] of Object.entries(this.listeners) as [string, (message: unknown) => void][])
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.#noteMessage();
        listen(JSON.parse(data));
      });
    source.onopen = () => this.#noteMessage();
    source.onerror = () => void this.fail();
  }

  #noteMessage(): void {
    this.pause = FIRST_PAUSE;
    this.status("live");
    clearTimeout(this.silence);
    this.silence = setTimeout(() => void this.fail(), SILENCE);
  }

  /** EventSource tries again by itself after some errors and not after others, and never says which it was. */
  private async fail(): Promise<void> {
    this.close();
    this.attempt = setTimeout(() => this.open(), this.pause);
    this.pause = Math.min(2 * this.pause, MAX_PAUSE);
    const attempt = this.attempt;
    const answer = await fetch("./api/runs").catch(() => null);
    if (this.attempt === attempt) this.status(answer?.status === 401 ? "refused" : "lost");
  }
}
