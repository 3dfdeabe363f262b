/** The two text coders that every JavaScript runtime has; the engine's type library names neither Node's nor the DOM's. */
interface TextCoders {
  TextEncoder: new () => { encode(text: string): Uint8Array };
  TextDecoder: new (
    label: string,
    options: { fatal: boolean; ignoreBOM: boolean },
  ) => { decode(bytes: Uint8Array): string };
}
const coders = globalThis as unknown as TextCoders;

export function encodeUtf8(text: string): Uint8Array {
  return new coders.TextEncoder().encode(text);
}

/** Throws if the bytes are not UTF-8. A byte order mark is kept: vocabularies have a token for it. */
export function decodeUtf8(bytes: Uint8Array): string {
  return new coders.TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}
