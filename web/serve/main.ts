/** The page of `longtail serve`: the server looks at the photographs. */
import { mount } from "svelte";
import "virtual:page-style.css";
import "../controls.css";
import type { ModelDescription, Predictions } from "../../src/serve/api.ts";
import { type Classifier, type ModelFacts, SHOWN } from "../photographs/classifier.ts";
import Photographs from "../photographs/Photographs.svelte";

/** The answer, or an error with the server's own words. */
async function ask(path: string, request: RequestInit = {}): Promise<unknown> {
  const response = await fetch(path, request).catch(() => {
    throw new Error("The server does not answer. Try again.");
  });
  if (response.ok) return response.json();
  const text = await response.text();
  throw new Error(faultIn(text) ?? text);
}

function faultIn(text: string): string | null {
  try {
    return (JSON.parse(text) as { error?: string }).error ?? null;
  } catch {
    return null;
  }
}

function factsOf({ name, classes, groups, accuracy }: ModelDescription): ModelFacts {
  return {
    name,
    accuracy,
    classes: classes.map((one, index) => ({ name: one, group: groups[index]!, examples: [] })),
  };
}

class Server implements Classifier {
  readonly privacy = "They are sent to this server, which keeps none.";
  readonly models: readonly ModelFacts[];

  constructor(models: readonly ModelFacts[]) {
    this.models = models;
  }

  async classify(photograph: Blob, { name }: ModelFacts) {
    const answer = await ask(`./models/${encodeURIComponent(name)}/predict?top=${SHOWN}`, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: photograph,
    });
    const [image] = (answer as Predictions).images;
    if (image === undefined || "error" in image) throw new Error(image?.error ?? "no answer");
    return image.predictions;
  }
}

const target = document.getElementById("page")!;
try {
  const models = ((await ask("./models")) as ModelDescription[]).map(factsOf);
  mount(Photographs, { target, props: { classifier: new Server(models), title: models[0]!.name } });
} catch (error) {
  target.textContent = (error as Error).message;
}
