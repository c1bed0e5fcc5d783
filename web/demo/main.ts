/** The page that `longtail export --format web` writes: the visitor's own device looks at the photographs. */
import { mount } from "svelte";
import "virtual:page-style.css";
import "../controls.css";
import type { WebModel } from "../../src/onnx/web-model.ts";
import { type Classifier, type Guess, type ModelFacts, SHOWN } from "../photographs/classifier.ts";
import Photographs from "../photographs/Photographs.svelte";
import type { Answer, Question } from "./messages.ts";
import { pixelsOf } from "./pixels.ts";

/** A model in a thread of its own, so that the page stays at hand while it computes. */
class Device implements Classifier {
  readonly privacy = "They stay on this device: the model runs in the browser.";
  readonly models: readonly ModelFacts[];
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #classes: readonly string[];
  readonly #imageSize: number;
  #nextId = 0;

  constructor({ title, classes, groups, accuracy, examples, imageSize }: WebModel) {
    this.models = [
      {
        name: title,
        accuracy,
        classes: classes.map((name, index) => ({
          name,
          group: groups[index]!,
          examples: examples[index] ?? [],
        })),
      },
    ];
    this.#classes = classes;
    this.#imageSize = imageSize;
    this.#worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      this.#waiting.get(data.id)?.(data);
      this.#waiting.delete(data.id);
    });
  }

  async classify(photograph: Blob): Promise<readonly Guess[]> {
    const { pixels, width, height } = await pixelsOf(photograph, this.#imageSize);
    const id = this.#nextId++;
    const answer = await new Promise<Answer>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#worker.postMessage({ id, pixels, width, height } satisfies Question, [pixels.buffer]);
    });
    if ("error" in answer) throw new Error(answer.error);
    return [...answer.probabilities]
      .map((probability, index) => ({ class: this.#classes[index]!, index, probability }))
      .sort((a, b) => b.probability - a.probability)
      .slice(0, SHOWN);
  }
}

async function start(target: HTMLElement): Promise<void> {
  const response = await fetch("./model.json");
  if (!response.ok)
    throw new Error(`model.json cannot be loaded (${response.status}); the folder is not whole.`);
  const model = (await response.json()) as WebModel;
  const classifier = new Device(model);
  target.replaceChildren();
  mount(Photographs, { target, props: { classifier, title: model.title } });
  // The next visit needs no network. Browsers have this over HTTPS alone; without it the page works all the same.
  if ("serviceWorker" in navigator)
    await navigator.serviceWorker.register("./service-worker.js").catch(() => undefined);
}

const target = document.getElementById("page")!;
start(target).catch((error: unknown) => {
  target.textContent = (error as Error).message;
});
