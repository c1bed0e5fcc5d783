/** Light or dark, as the system says by now. */
class Theme {
  private readonly dark = matchMedia("(prefers-color-scheme: dark)");
  scheme = $state<"light" | "dark">(this.dark.matches ? "dark" : "light");

  constructor() {
    this.dark.addEventListener("change", ({ matches }) => (this.scheme = matches ? "dark" : "light"));
  }
}

export const theme = new Theme();
