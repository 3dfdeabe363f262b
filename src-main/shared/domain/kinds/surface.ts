/** Whether two texts are the same but for case, blanks, punctuation and the marks of Markdown. Equal texts are not meant. */
export function differsOnSurface(old: string, now: string): boolean {
  if (old === now) return false;
  // Cheap first: what differs by more than signs cannot be equal.
  if (Math.max(old.length, now.length) > 3 * Math.min(old.length, now.length) + 24) return false;
  if (lettersDiffer(old, now)) return false;
  if (old.includes('```') || now.includes('```') || isCode(old) || isCode(now)) return codeOf(old) === codeOf(now);
  const plain = wordsOf(old);
  return plain !== '' && plain === wordsOf(now);
}

/** True where a letter or a digit differs for certain: most pairs part in their first words. */
function lettersDiffer(old: string, now: string): boolean {
  let [i, j] = [0, 0];
  for (;;) {
    while (i < old.length && isSign(old.charCodeAt(i))) i++;
    while (j < now.length && isSign(now.charCodeAt(j))) j++;
    if (i === old.length || j === now.length) return (i === old.length) !== (j === now.length);
    const [a, b] = [old.charCodeAt(i++), now.charCodeAt(j++)];
    // Letters beyond ASCII are left to the whole comparison.
    if (a > 127 || b > 127) return false;
    if (a !== b && (a | 32) !== (b | 32)) return true;
  }
}

function isSign(code: number): boolean {
  return code < 128 && !((code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122));
}

/** In code, signs and case mean something: only blanks at the ends of lines and empty lines do not. */
function codeOf(text: string): string {
  return text
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n')
    .trim();
}

function isCode(text: string): boolean {
  return /^\s*[{[]/.test(text) || /[;{}]\s*$/m.test(text) || /[\w)\]]\s*(?:==|!=|=>|->|&&|\|\|)\s*\S/.test(text);
}

function wordsOf(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/^\s*#{1,6}\s+/gmu, '')
    .replace(/(?<=\d),(?=\d{3}(?!\d))/gu, '')
    .replace(/[\p{P}\p{Cf}`~]|\ufe0f/gu, (sign, at: number, whole: string) => kept(sign, at, whole))
    .replace(/\s+/gu, '');
}

/** A point, a comma, a minus or a slash before a digit is part of a number; a per cent sign and an ellipsis of meaning stay. */
function kept(sign: string, at: number, whole: string): string {
  if (sign === '%' || sign === '&' || sign === '@' || sign === '#') return sign;
  return /[-.,/:‐-―]/u.test(sign) && /\d/.test(whole[at + 1] ?? '') ? sign : '';
}
