import { mkdirSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, vi } from "vitest";
import { buildBackbone } from "../models/registry.js";
import { zeros } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import { toyFolder } from "./toy-folder.fixture.js";

/**
 * A temporary folder for each test with the toy data in data/ and a backbone's weights in weights/resnet8.safetensors; the
 * user's cache is its cache/. A scope is open for the whole file.
 */
export function frozenFolder(): (name: string) => string {
  const at = toyFolder("test");
  const open = scope();
  beforeAll(() => {
    zeros([1]); // the engine is loaded before the cache's folder is another one
  });
  afterAll(() => {
    open[Symbol.dispose]();
  });
  beforeEach(() => {
    vi.stubEnv("XDG_CACHE_HOME", at("cache"));
    using _ = scope();
    using network = buildBackbone("resnet8", { rng: new Rng(5) });
    mkdirSync(at("weights"));
    writeSafetensors(at("weights/resnet8.safetensors"), network.stateDict());
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  return at;
}
