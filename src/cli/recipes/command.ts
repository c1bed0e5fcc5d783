import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { builtInRecipes } from "../../recipes/registry.js";
import type { RecipeKey } from "../../recipes/keys.js";
import { collect, newCommand } from "../options.js";
import { output, type Output } from "../output.js";
import { recipeFrom } from "../recipe-arguments.js";
import { maxOf } from "../../support/math.js";

interface ShowArguments {
  readonly set: readonly string[];
  readonly settings: readonly string[];
}

const examples = `
Examples:
  longtail recipes                                    the built-in recipes
  longtail recipes cifar100-lt-ncl                    one, with every default
  longtail recipes my-recipe.yaml --set epochs=8      check a recipe of your own
  longtail recipes cifar100_im100_NCL.yaml            what a file of NCL's PyTorch code becomes
  longtail recipes --keys                             every key, what it takes and its default`;

export function recipesCommand(): CommandUnknownOpts {
  return newCommand("recipes")
    .description("list the built-in recipes, show one with every default, or explain the keys")
    .argument("[recipe]", "a built-in recipe's name, or a file")
    .argument("[settings...]", "KEY VALUE pairs for a YAML file of NCL's PyTorch code")
    .option("--set <key=value>", "change a key; can be given many times", collect, [])
    .option("--keys", "list every key of a recipe", false)
    .addHelpText("after", examples)
    .action(async (recipe, settings, options) => {
      const to = output(options);
      if (options.keys) await showKeys(to);
      else if (recipe === undefined) showList(to);
      else await showRecipe(recipe, { ...options, settings }, to);
    });
}

function showList(to: Output): void {
  const list = builtInRecipes.map(({ name, description = "", citation = "" }) => {
    return { name, description, citation };
  });
  const width = 2 + maxOf(list.map(({ name }) => name.length));
  const indent = " ".repeat(width);
  for (const { name, description, citation } of list) {
    to.say(name.padEnd(width) + description);
    if (citation !== "") to.say(indent + citation);
  }
  to.value(list);
}

async function showRecipe(name: string, given: ShowArguments, to: Output): Promise<void> {
  const recipe = await recipeFrom(name, given);
  to.say(JSON.stringify(recipe, null, 2));
  to.value(recipe);
}

async function showKeys(to: Output): Promise<void> {
  const { recipeKeys } = await import("../../recipes/keys.js");
  const keys = recipeKeys();
  to.say(keys.map(describeKey).join("\n"));
  to.value(keys);
}

function describeKey({ path, type, default: value, required, description, when }: RecipeKey): string {
  const fallback =
    value === undefined ? (required ? "required" : "optional") : `default ${JSON.stringify(value)}`;
  const condition = when === null ? "" : `, when ${when.path} is ${when.kind}`;
  const lines = [
    `${path}: ${type}; ${fallback}${condition}`,
    ...(description === "" ? [] : [`    ${description}`]),
  ];
  return lines.join("\n");
}
