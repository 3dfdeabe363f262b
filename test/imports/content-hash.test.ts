import { describe, expect, it } from 'vitest';
import { contentHash, contentId } from '../../src-main/imports/content-hash.ts';

describe('contentHash', () => {
  it('takes composed and decomposed letters, and both line ends, for the same text', () => {
    expect(contentHash('caf\u00e9\r\nnoir', 'x')).toBe(contentHash('cafe\u0301\nnoir', 'x'));
  });

  it('keeps apart what differs: parts, case, blanks, a missing from an empty target', () => {
    const hashes = [['ab', 'c'], ['a', 'bc'], ['abc'], ['abc', ''], ['Abc'], ['abc ']].map(([p = '', t]) =>
      contentHash(p, t),
    );
    expect(new Set(hashes).size).toBe(6);
  });

  it('is SHA-256 of the parts as a JSON list', () => {
    // printf '["a","b"]' | sha256sum
    expect(contentHash('a', 'b')).toBe('0473ef2dc0d324ab659d3580c1134e9d812035905c4781fdd6d529b0c6860e13');
    expect(contentId(['a', 'b'])).toBe(contentHash('a', 'b').slice(0, 20));
  });
});
