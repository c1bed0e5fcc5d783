/**
 * Python's pickle format, protocols 2 to 5: a small stack machine's program (Python's pickletools describes each
 * operation). Nothing of it reaches JavaScript's own objects: dictionaries become Maps, lists and tuples arrays, and
 * the names of Python functions and classes are looked up in the world that the caller gives, which may refuse them.
 */
import { Budget, LIMITS, shownValue } from "../../support/budget.js";
import { CheckpointError } from "../../support/errors.js";
import type { ByteReader } from "./byte-reader.js";

/** What a pickle may refer to. */
export interface PickleWorld {
  /** "module.name" → a function, a value or a Placeholder. @throws CheckpointError for a name that is not allowed. */
  global(name: string): unknown;
  /** What a persistent id stands for: in .pth files a storage. */
  persistent(id: unknown): unknown;
  /** Lays a state over an object that a function made. */
  build(object: unknown, state: unknown): void;
}

/** A Python function or class that a pickle may call. */
export class PickleFunction {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/**
 * Stands for an object of a class that is not known here, and for the class itself: calls, items and attributes are
 * passed over, and nothing is built or run.
 */
export class Placeholder {
  /** "module.name" of the class or function. */
  constructor(readonly name: string) {}
}

/** A function of the world was given arguments that do not fit; the machine says where. */
export class ArgumentError extends Error {}

/** Runs the pickle at the reader's position, which is its end afterwards. @throws CheckpointError */
export function unpickle(reader: ByteReader, world: PickleWorld): unknown {
  const machine = new Machine(reader, world);
  for (let code = reader.uint8(); code !== STOP; code = reader.uint8()) {
    const operation = OPERATIONS.get(code);
    if (operation === undefined) throw machine.damaged(`operation 0x${code.toString(16)} is unknown`);
    operation(machine);
  }
  return machine.pop();
}

class Machine {
  readonly reader: ByteReader;
  readonly world: PickleWorld;
  readonly #memo = new Map<number, unknown>();
  readonly #stack: unknown[] = [];
  readonly #marks: number[] = [];
  readonly #values = new Budget(LIMITS.pickleValues, (limit) =>
    this.damaged(`it has more than ${limit} values, which no file of weights needs`),
  );

  constructor(reader: ByteReader, world: PickleWorld) {
    this.reader = reader;
    this.world = world;
  }

  damaged(what: string): CheckpointError {
    return new CheckpointError(
      `${this.reader.source.name}: damaged: ${what} (byte ${this.reader.position} of the pickle)`,
    );
  }

  /** A new value; `recall` pushes one that is counted already. */
  push(value: unknown): void {
    this.#values.spend(costOf(value));
    this.#stack.push(value);
  }

  /** The topmost value stays. */
  top(): unknown {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0)) throw this.damaged("its stack is empty");
    return this.#stack.at(-1);
  }

  pop(): unknown {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  mark(): void {
    this.#values.spend(1);
    this.#marks.push(this.#stack.length);
  }

  popToMark(): unknown[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.damaged("a mark is missing");
    return this.#stack.splice(mark);
  }

  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  /** The topmost value by a number; without one by the next. */
  remember(index = this.#memo.size): void {
    this.#values.spend(2);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    if (!this.#memo.has(index)) throw this.damaged(`value ${index} was never stored`);
    this.#values.spend(1);
    this.#stack.push(this.#memo.get(index));
  }

  append(values: readonly unknown[]): void {
    const list = this.top();
    if (list instanceof Placeholder) return;
    if (!Array.isArray(list)) throw this.damaged("expected a list to append to");
    for (const value of values) list.push(value);
  }

  setItems(items: readonly unknown[]): void {
    const dictionary = this.top();
    if (dictionary instanceof Placeholder) return;
    if (!(dictionary instanceof Map) || items.length % 2 !== 0)
      throw this.damaged("expected a dictionary and pairs to put into it");
    for (let i = 0; i < items.length; i += 2) dictionary.set(items[i], items[i + 1]);
  }

  addToSet(values: readonly unknown[]): void {
    const set = this.top();
    if (set instanceof Placeholder) return;
    if (!(set instanceof Set)) throw this.damaged("expected a set to add to");
    for (const value of values) set.add(value);
  }

  call(): void {
    const args = this.pop();
    const called = this.pop();
    if (called instanceof Placeholder) {
      this.push(called);
      return;
    }
    if (!(called instanceof PickleFunction) || !Array.isArray(args))
      throw this.damaged("expected a function and its arguments");
    this.push(this.#fitting(() => called.call(args as unknown[])));
  }

  build(): void {
    const state = this.pop();
    if (this.top() instanceof Placeholder) return;
    this.#fitting(() => {
      this.world.build(this.top(), state);
    });
  }

  persistent(): void {
    const id = this.pop();
    this.push(this.#fitting(() => this.world.persistent(id)));
  }

  #fitting<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof ArgumentError) throw this.damaged(error.message);
      throw error;
    }
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw this.damaged("expected a name");
    if (module.length + name.length > LIMITS.pickleLine)
      throw this.damaged(`expected a name, found ${shownValue(`${module}.${name}`)}`);
    this.push(this.world.global(`${module}.${name}`));
  }
}

/**
 * In values of the budget: a container takes the memory of several even when it is empty, and a copy that of all. Bytes
 * count little: those of CIFAR-100's images are one value of 154 MB.
 */
function costOf(value: unknown): number {
  const container = 8;
  if (Array.isArray(value)) return container + value.length;
  if (value instanceof Map || value instanceof Set) return container * (1 + value.size);
  return value instanceof Uint8Array ? container + value.length / 128 : 1;
}

const STOP = 0x2e;

/** By the format's letters and numbers. */
const OPERATIONS = new Map<number, (machine: Machine) => void>(
  Object.entries({
    "\x80": protocol,
    "\x95": (m) => m.reader.take(8), // a frame's length, of use to streams only
    N: (m) => m.push(null),
    "\x88": (m) => m.push(true),
    "\x89": (m) => m.push(false),
    K: (m) => m.push(m.reader.uint8()),
    M: (m) => m.push(m.reader.uint(2)),
    J: (m) => m.push(m.reader.int32()),
    "\x8a": (m) => m.push(integer(m.reader.take(m.reader.uint8()))),
    "\x8b": (m) => m.push(integer(m.reader.take(m.reader.uint(4)))),
    G: (m) => m.push(m.reader.float64()),
    X: (m) => m.push(m.reader.text(m.reader.uint(4))),
    "\x8c": (m) => m.push(m.reader.text(m.reader.uint8())),
    "\x8d": (m) => m.push(m.reader.text(m.reader.uint64())),
    T: (m) => m.push(m.reader.text(m.reader.uint(4), "latin1")), // Python 2's strings
    U: (m) => m.push(m.reader.text(m.reader.uint8(), "latin1")),
    B: (m) => m.push(m.reader.take(m.reader.uint(4)).slice()),
    "\x8e": (m) => m.push(m.reader.take(m.reader.uint64()).slice()),
    "\x96": (m) => m.push(m.reader.take(m.reader.uint64()).slice()), // a bytearray
    C: (m) => m.push(m.reader.take(m.reader.uint8()).slice()),
    ")": (m) => m.push([]),
    t: (m) => m.push(m.popToMark()),
    "\x85": (m) => m.push(m.popMany(1)),
    "\x86": (m) => m.push(m.popMany(2)),
    "\x87": (m) => m.push(m.popMany(3)),
    "]": (m) => m.push([]),
    a: (m) => m.append(m.popMany(1)),
    e: (m) => m.append(m.popToMark()),
    "}": (m) => m.push(new Map()),
    s: (m) => m.setItems(m.popMany(2)),
    u: (m) => m.setItems(m.popToMark()),
    "\x8f": (m) => m.push(new Set()),
    "\x90": (m) => m.addToSet(m.popToMark()),
    "\x91": (m) => m.push(new Set(m.popToMark())), // a frozenset
    "(": (m) => m.mark(),
    "0": (m) => m.pop(),
    "1": (m) => m.popToMark(),
    "2": (m) => m.push(m.top()),
    q: (m) => m.remember(m.reader.uint8()),
    r: (m) => m.remember(m.reader.uint(4)),
    "\x94": (m) => m.remember(),
    h: (m) => m.recall(m.reader.uint8()),
    j: (m) => m.recall(m.reader.uint(4)),
    c: (m) => m.global(m.reader.line(), m.reader.line()),
    "\x93": (m) => {
      const [module, name] = m.popMany(2);
      m.global(module, name);
    },
    R: (m) => m.call(),
    "\x81": (m) => m.call(), // a class called to make an object
    "\x92": (m) => {
      m.pop(); // arguments by name
      m.call();
    },
    b: (m) => m.build(),
    Q: (m) => m.persistent(),
  } satisfies Record<string, (machine: Machine) => void>).map(([letter, operation]) => [
    letter.charCodeAt(0),
    operation,
  ]),
);

function protocol(machine: Machine): void {
  const version = machine.reader.uint8();
  if (version < 2 || version > 5)
    throw machine.damaged(`it has pickle protocol ${version}; protocols 2 to 5 can be read`);
}

/** Two's complement, little-endian; a bigint where a number would lose digits. */
function integer(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  const unsigned = BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
  const value = BigInt.asIntN(8 * bytes.length, unsigned);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
