/** The last characters of a stream of text. */
export interface TextTail {
  push(text: string): void;
  text(): string;
}

export function createTail(characters = 4000): TextTail {
  let tail = '';
  return {
    push(text) {
      tail = (tail + text).slice(-characters);
    },
    text: () => tail,
  };
}
