import { WorkbenchError } from '../../shared/domain/errors.ts';

/** What a pickle holds, as plain values: nothing of it is ever run. An object is the name of its class with what it was made of. */
export type Pickled = null | boolean | number | string | Uint8Array | Pickled[] | PickledDict | PickledObject;
export type PickledDict = Map<string, Pickled>;
export interface PickledObject {
  /** Module and name, as `trl.trainer.dpo_config DPOConfig`. */
  readonly class: string;
  readonly args: Pickled;
  state: Pickled;
}

export function isPickledObject(value: Pickled): value is PickledObject {
  return typeof value === 'object' && value !== null && 'class' in value;
}

/** Marks a place on the stack; no value of a pickle is this. */
const mark = Symbol('mark');
type Entry = Pickled | typeof mark;

/**
 * Reads a pickle of protocol 2 to 5 as far as settings need it.
 * @throws WorkbenchError `unsupported` where it uses an instruction that settings have no need of.
 */
export function readPickle(bytes: Buffer): Pickled {
  return new PickleReader(bytes).read();
}

class PickleReader {
  readonly #bytes: Buffer;
  #at = 0;
  readonly #stack: Entry[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  read(): Pickled {
    try {
      for (;;) {
        const code = this.#byte();
        if (code === 0x2e) return this.#pop();
        this.#step(code);
      }
    } catch (error) {
      if (error instanceof WorkbenchError) throw error;
      throw refused(this.#at, 'it is cut off');
    }
  }

  #step(code: number): void {
    const make = values[code] ?? structures[code];
    if (make === undefined) throw refused(this.#at - 1, `it has instruction 0x${code.toString(16)}`);
    make(this.#machine);
  }

  readonly #machine: Machine = {
    byte: () => this.#byte(),
    take: (count) => this.#take(count),
    line: () => this.#line(),
    push: (value) => this.#stack.push(value),
    mark: () => this.#stack.push(mark),
    pop: () => this.#pop(),
    top: () => this.#top(),
    sinceMark: () => this.#sinceMark(),
    remember: (index) => this.#memo.set(index, this.#top()),
    rememberNext: () => this.#memo.set(this.#memo.size, this.#top()),
    recall: (index) => this.#memo.get(index) ?? null,
  };

  #byte(): number {
    return this.#bytes.readUInt8(this.#at++);
  }

  #take(count: number): Buffer {
    const from = this.#at;
    this.#at += count;
    if (count < 0 || this.#at > this.#bytes.length) throw refused(from, 'it is cut off');
    return this.#bytes.subarray(from, this.#at);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw refused(this.#at, 'it is cut off');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === mark) throw refused(this.#at, 'a value is missing');
    return value;
  }

  #top(): Pickled {
    const value = this.#stack.at(-1);
    if (value === undefined || value === mark) throw refused(this.#at, 'a value is missing');
    return value;
  }

  #sinceMark(): Pickled[] {
    const from = this.#stack.lastIndexOf(mark);
    if (from < 0) throw refused(this.#at, 'a mark is missing');
    const taken = this.#stack.splice(from).slice(1);
    return taken.filter((entry): entry is Pickled => entry !== mark);
  }
}

interface Machine {
  byte(): number;
  take(count: number): Buffer;
  line(): string;
  push(value: Pickled): void;
  mark(): void;
  pop(): Pickled;
  top(): Pickled;
  sinceMark(): Pickled[];
  remember(index: number): void;
  rememberNext(): void;
  recall(index: number): Pickled;
}
type Instruction = (m: Machine) => void;

const text = (m: Machine, bytes: number): void => m.push(m.take(bytes).toString('utf8'));
const u32 = (m: Machine): number => m.take(4).readUInt32LE();
const u64 = (m: Machine): number => Number(m.take(8).readBigUInt64LE());

const values: Readonly<Record<number, Instruction>> = {
  0x4e: (m) => m.push(null),
  0x88: (m) => m.push(true),
  0x89: (m) => m.push(false),
  0x4a: (m) => m.push(m.take(4).readInt32LE()),
  0x4b: (m) => m.push(m.byte()),
  0x4d: (m) => m.push(m.take(2).readUInt16LE()),
  0x8a: (m) => m.push(wholeNumber(m.take(m.byte()))),
  0x47: (m) => m.push(m.take(8).readDoubleBE()),
  0x58: (m) => text(m, u32(m)),
  0x8c: (m) => text(m, m.byte()),
  0x8d: (m) => text(m, u64(m)),
  0x55: (m) => text(m, m.byte()),
  0x54: (m) => text(m, u32(m)),
  0x42: (m) => m.push(m.take(u32(m))),
  0x43: (m) => m.push(m.take(m.byte())),
};

const structures: Readonly<Record<number, Instruction>> = {
  0x80: (m) => void m.byte(),
  0x95: (m) => void m.take(8),
  0x28: (m) => m.mark(),
  0x30: (m) => void m.pop(),
  0x31: (m) => void m.sinceMark(),
  0x5d: (m) => m.push([]),
  0x29: (m) => m.push([]),
  0x8f: (m) => m.push([]),
  0x7d: (m) => m.push(new Map()),
  0x61: (m) => append(m, [m.pop()]),
  0x65: (m) => append(m, m.sinceMark()),
  0x90: (m) => append(m, m.sinceMark()),
  0x91: (m) => m.push(m.sinceMark()),
  0x74: (m) => m.push(m.sinceMark()),
  0x6c: (m) => m.push(m.sinceMark()),
  0x64: (m) => m.push(setItems(new Map(), m.sinceMark())),
  0x85: (m) => m.push([m.pop()]),
  0x86: (m) => m.push([m.pop(), m.pop()].reverse()),
  0x87: (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()),
  0x73: (m) => setTop(m, [m.pop(), m.pop()].reverse()),
  0x75: (m) => setTop(m, m.sinceMark()),
  0x63: (m) => m.push(`${m.line()} ${m.line()}`),
  0x93: (m) => m.push([m.pop(), m.pop()].reverse().map(String).join(' ')),
  0x52: (m) => construct(m),
  0x81: (m) => construct(m),
  0x92: (m) => {
    m.pop();
    construct(m);
  },
  0x62: (m) => build(m),
  0x71: (m) => m.remember(m.byte()),
  0x72: (m) => m.remember(u32(m)),
  0x94: (m) => m.rememberNext(),
  0x68: (m) => m.push(m.recall(m.byte())),
  0x6a: (m) => m.push(m.recall(u32(m))),
  // A persistent id stands for something outside the pickle: tensors, which settings have none of.
  0x51: (m) => m.push({ class: 'persistent', args: [m.pop()], state: null }),
};

function append(m: Machine, items: readonly Pickled[]): void {
  const list = m.top();
  if (Array.isArray(list)) list.push(...items);
}

function setItems(dict: PickledDict, items: readonly Pickled[]): PickledDict {
  for (let i = 0; i + 1 < items.length; i += 2) {
    const key = items[i];
    if (typeof key === 'string' || typeof key === 'number') dict.set(String(key), items[i + 1] ?? null);
  }
  return dict;
}

function setTop(m: Machine, items: readonly Pickled[]): void {
  const dict = m.top();
  if (dict instanceof Map) setItems(dict, items);
}

function construct(m: Machine): void {
  const args = m.pop();
  const made = m.pop();
  m.push({ class: typeof made === 'string' ? made : 'unknown', args, state: null });
}

function build(m: Machine): void {
  const state = m.pop();
  const target = m.top();
  if (isPickledObject(target)) target.state = state;
}

/** Little-endian two’s complement of any length. */
function wholeNumber(bytes: Buffer): number {
  let value = 0n;
  bytes.forEach((byte, i) => (value |= BigInt(byte) << BigInt(8 * i)));
  const isNegative = bytes.length > 0 && (bytes.at(-1) ?? 0) >= 0x80;
  return Number(isNegative ? value - (1n << BigInt(8 * bytes.length)) : value);
}

function refused(at: number, why: string): WorkbenchError {
  return new WorkbenchError('unsupported', `A pickle of settings cannot be read at byte ${at}: ${why}.`);
}
