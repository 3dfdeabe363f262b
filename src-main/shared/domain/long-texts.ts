/** Room for the note on what is left out: what was shortened once is short. */
const noteCharacters = 250;

/**
 * A text cut to what can be read and shown, at most `most` characters: its beginning, how much is left out and where that is, and
 * its end. Places in the beginning are those of the whole text.
 */
export function shortened(text: string, most: number, where: string): string {
  if (text.length <= most) return text;
  const tail = Math.floor(most / 20);
  const head = most - tail - noteCharacters;
  const left = String(text.length - head - tail).replace(/\B(?=(\d{3})+$)/g, ',');
  const note = `[… ${left} characters are left out here; ${where} …]`;
  return `${text.slice(0, head).toWellFormed()}\n\n${note}\n\n${text.slice(-tail).toWellFormed()}`;
}

/** Characters of one text that a report shows. */
export const reportCharacters = 20_000;
/** Characters of one text that a window is sent. */
export const windowCharacters = 200_000;
