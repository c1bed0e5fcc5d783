/** `fit` on several pretrained networks; the second one, with random weights, comes from a server that answers as the hub does. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { buildBackbone } from "../../models/registry.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { readFit } from "../../runs/fit-file.js";
import { Rng } from "../../torch/random.js";
import { writeSafetensors } from "../../torch/safetensors.js";
import { scope } from "../../torch/scope.js";
import { type HubServer, startHub } from "../../weights/hub.fixture.js";
import { weightsFile } from "../../weights/install.js";
import { WEIGHTS } from "../../weights/registry.js";
import { longtail, smallPhotographs } from "../cli.fixture.js";

vi.mock(import("../../models/architectures.js"), async (original) => {
  const { withSmallTransformers } = await import("../../models/small-transformers.fixture.js");
  return withSmallTransformers(await original(), ["vit-ti16"]);
});

const { isThere } = weightsFile(WEIGHTS["efficientnet-lite0"]);
const why = isThere ? "" : " (skipped without the weights: `longtail weights get efficientnet-lite0`)";

let folder = "";
let photos = "";
let hub: HubServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "longtail-fit-networks-"));
  photos = smallPhotographs();
  const file = join(folder, "model.safetensors");
  using _ = scope();
  using network = buildBackbone("vit-ti16", { rng: new Rng(0) });
  writeSafetensors(file, network.stateDict());
  hub = await startHub("timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k", {
    "model.safetensors": readFileSync(file),
  });
  vi.stubEnv("HF_ENDPOINT", hub.url);
  vi.stubEnv("HF_HOME", join(folder, "hub"));
  vi.stubEnv("HF_HUB_OFFLINE", undefined);
  vi.stubEnv("LONGTAIL_INSTALL", undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await hub[Symbol.asyncDispose]();
  for (const path of [folder, photos]) rmSync(path, { recursive: true, force: true });
});

describe.skipIf(!isThere)(`networks${why}`, { timeout: 300_000 }, () => {
  test("those that are named are fetched, and held-out images choose; later those that are here are tried unasked", async () => {
    const alone = await longtail("fit", photos, "--dry-run");
    expect(alone.stdout).toContain(
      "Plan: keep a pretrained network frozen (EfficientNet-Lite0: quick on CPUs,",
    );
    const out = join(folder, "run");
    const named = ["--weights", "vit-ti16", "efficientnet-lite0"];
    const { code, stdout, stderr } = await longtail("fit", photos, ...named, "--out", out);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain(
      "Plan: try 2 pretrained networks on the held-out images (ViT-Ti/16, trained on ImageNet-21k, then ImageNet-1k; EfficientNet-Lite0",
    );
    expect(stdout).toContain("The pretrained weights are fetched now, once.");
    const fit = readFit(out)!;
    expect(fit.networks.map(({ weights }) => weights)).toEqual(["vit-ti16", "efficientnet-lite0"]);
    const [random, trained] = fit.networks;
    expect(trained!.balanced).toBeGreaterThan(random!.balanced);
    expect(fit.weights).toBe("efficientnet-lite0");
    expect(stdout).toMatch(
      /^networks on held-out images, % .*\nefficientnet-lite0 \(chosen\) .*\s^vit-ti16 /m,
    );
    const { recipe } = JSON.parse(readFileSync(join(out, "recipe.json"), "utf8")) as {
      recipe: ResolvedRecipe;
    };
    expect([recipe.backbone, recipe.pretrained?.weights]).toEqual([
      "efficientnet-lite0",
      "efficientnet-lite0",
    ]);
    expect(readFileSync(join(out, "report/index.html"), "utf8")).toContain("Networks on held-out images");

    const later = await longtail("fit", photos, "--dry-run");
    expect(later.stdout).toContain(
      "Plan: try 2 pretrained networks on the held-out images (EfficientNet-Lite0",
    );
  });

  test("one that is named alone is taken", async () => {
    const out = join(folder, "vit");
    const { code, stdout } = await longtail("fit", photos, "--weights", "vit-ti16", "--out", out);
    expect(code).toBe(0);
    expect(stdout).toContain("Plan: keep a pretrained network frozen (ViT-Ti/16, trained on");
    expect(readFit(out)).toMatchObject({ weights: "vit-ti16", networks: [] });
    const predicted = await longtail("predict", out, join(photos, "test/scorpion"));
    expect(predicted.code).toBe(0);
  });
});

test("no time to choose among them: the first one is taken, and the plan says so", async () => {
  const named = ["--weights", "vit-ti16", "efficientnet-lite0"];
  const { stdout } = await longtail("fit", photos, ...named, "--minutes", "0.001", "--dry-run");
  expect(stdout).toContain("Plan: keep a pretrained network frozen (ViT-Ti/16,");
  expect(stdout).toMatch(/or no time for it: the first one is taken\./);
});

test("an unknown name is refused with those that there are", async () => {
  const { code, stderr } = await longtail("fit", photos, "--weights", "vit-tiny", "--dry-run");
  expect(code).toBe(2);
  expect(stderr).toMatch(/weights: expected one of efficientnet-lite0, .*, found "vit-tiny"/);
});
