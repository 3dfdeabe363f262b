import { describe, expect, it } from 'vitest';
import { contentHash, contentId, promptHash } from '../src-main/content-hash.ts';

const hex = (prompt: string, target: string | null): string => contentHash(prompt, target).toString('hex');

describe('content hash', () => {
  it('takes composed and decomposed letters, and both line ends, for the same text', () => {
    expect(hex('caf\u00e9\r\nnoir', 'x')).toBe(hex('cafe\u0301\nnoir', 'x'));
    expect(promptHash('caf\u00e9\r\n')).toEqual(promptHash('cafe\u0301\n'));
  });

  it('keeps apart what differs: parts, case, blanks, a missing from an empty target', () => {
    const contents: [string, string | null][] = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', null],
      ['abc', ''],
      ['Abc', null],
      ['abc ', null],
    ];
    expect(new Set(contents.map(([prompt, target]) => hex(prompt, target))).size).toBe(contents.length);
  });

  it('is SHA-256 of the parts as a JSON list; ids made of content are its beginning', () => {
    // printf '["a","b"]' | sha256sum
    const sha256 = '0473ef2dc0d324ab659d3580c1134e9d812035905c4781fdd6d529b0c6860e13';
    expect(hex('a', 'b')).toBe(sha256.slice(0, 32));
    expect(contentId(['a', 'b'])).toBe(sha256.slice(0, 20));
  });
});
