/** Where a command's output goes: text for people, values for machines. */
export interface Output {
  /** Text for people: stdout, or stderr when stdout is for machines. */
  readonly people: NodeJS.WriteStream;
  /** Prints a line for people. */
  readonly say: (text: string) => void;
  /** Prints a value as one line of JSON when machines listen. */
  readonly value: (value: unknown) => void;
}

export function output({ json }: { json: boolean }): Output {
  const people = json ? process.stderr : process.stdout;
  return {
    people,
    say: (text) => people.write(`${text}\n`),
    value: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}
