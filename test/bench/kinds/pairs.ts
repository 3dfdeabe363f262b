import type { Marked, MarkedSet } from './marked.ts';
import { byHand, pairsByHand, plain, spaced } from './marked.ts';

const sentence = 'The capital of France is Paris, a city on the river Seine that many people visit every year.';

/** What compares two texts and needs no reading: lengths and equality, made by rule and marked by counting. */
function counted(kind: 'longer' | 'shorter' | 'same-text' | 'empty'): MarkedSet {
  const texts: Marked[] = [];
  const add = (old: string, now: string, was: boolean, is: boolean, holds: boolean): void => {
    texts.push({ ...plain, target: null, old, now, was, is, holds });
  };
  const words = sentence.split(' ');
  for (let i = 0; i < 64; i++) {
    const [few, many] = [3 + (i % 5), 3 + (i % 5) + (i % 16)];
    const [short, long] = [words.slice(0, few).join(' '), words.slice(0, many).join(' ')];
    if (kind === 'longer') add(short, long, true, false, long.length > 2 * short.length);
    if (kind === 'shorter') add(long, short, true, false, long.length > 2 * short.length);
    if (kind === 'same-text') add(long, i % 2 === 0 ? long : `${long} indeed`, true, i % 4 === 2, i % 4 === 0);
    if (kind === 'empty') add(sentence, blanks[i % blanks.length] ?? '', true, false, i % blanks.length < emptyOnes);
  }
  return { kind, made: `${texts.length} made by rule, marked by counting`, texts };
}
const blanks = [
  '',
  ' ',
  '\n',
  '\t\n',
  '\u200b',
  '\u00a0',
  '\ufeff',
  '\r\n\r\n',
  '.',
  '…',
  '-',
  '0',
  '""',
  '—',
  '。',
  'x',
];
const emptyOnes = 8;

export const pairSets: readonly MarkedSet[] = [
  counted('empty'),
  counted('same-text'),
  counted('longer'),
  counted('shorter'),
  byHand(
    'language',
    [
      'Die Hauptstadt von Frankreich ist Paris, eine Stadt an der Seine, die sehr alt ist.',
      'La capitale de la France est Paris, une ville qui est sur la Seine.',
      'La capital de Francia es París, una ciudad que está en el río Sena.',
      'La capitale della Francia è Parigi, una città che si trova sulla Senna.',
      'A capital da França é Paris, uma cidade que não fica longe do mar.',
      'Столица Франции — Париж, город на реке Сена.',
      '法国的首都是巴黎，位于塞纳河畔。',
      'フランスの首都はパリで、セーヌ川のほとりにあります。',
      '프랑스의 수도는 센강에 있는 파리입니다.',
      'عاصمة فرنسا هي باريس، وهي مدينة على نهر السين.',
      'Η πρωτεύουσα της Γαλλίας είναι το Παρίσι, μια πόλη στον Σηκουάνα.',
      'De hoofdstad van Frankrijk is Parijs, een stad die aan de Seine ligt.',
      'Stolicą Francji jest Paryż, to miasto, które leży nad Sekwaną i nie jest to małe miasto.',
      'फ्रांस की राजधानी पेरिस है, जो सीन नदी पर बसा है।',
      'Thủ đô của Pháp là Paris, một thành phố nằm trên sông Seine và là nơi rất đẹp.',
    ],
    [
      'Paris is the capital of France, and it is a city on the Seine.',
      'Paris.',
      'The Café de la Paix is in Paris, and it is well known for its terrace.',
      'The German word Schadenfreude has no good translation, but it is used in English.',
      'The capital is Paris (巴黎 in Chinese), and it is on the Seine.',
      'def capital(country): return {"France": "Paris"}[country]',
      '\\frac{\\alpha}{\\beta} = \\gamma, so the answer is 3.',
      'He said “c’est la vie” and went on with the work of the day.',
      '42',
      'PARIS IS THE CAPITAL OF FRANCE AND IT IS ON THE SEINE.',
      'Colour and favour are how this is spelt in British English.',
      'https://fr.wikipedia.org/wiki/Paris is the page of the city of Paris.',
      'The capital of France is Pariss, wich is a sity on the Siene.',
      'α and β are the first letters of the alphabet that the Greeks use.',
      'The El Niño of 2016 was one of the strongest that there have been.',
    ],
    {},
    spaced,
  ),
  pairsByHand(
    'format',
    [
      ['{"a": 1}', 'a is 1', true],
      ['a is 1', '{"a": 1}', true],
      ['{"a": 1, "b": 2}', '{"a": 1, "b": 2', true],
      ['```python\nx = 1\n```', 'x = 1', true],
      ['x is one', '```python\nx = 1\n```', true],
      ['- red\n- blue\n- green', 'red, blue and green', true],
      ['red, blue and green', '1. red\n2. blue\n3. green', true],
      ['Thus \\boxed{4}', 'Thus 4', true],
      ['Thus 4', 'Thus \\boxed{4}', true],
      ['B', 'It is the river, I think.', true],
      ['(B)', 'The long river is what I would choose here.', true],
      ['<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>', 'I would add 1.', true],
      ['[1, 2, 3]', 'one, two, three', true],
      ['{"a": [1, 2]}', '```json\n{"a": [1, 2\n```', true],
      ['* one\n* two\n* three', 'one two three', true],
      ['{"a": 1}', '{"a": 2}', false],
      ['- red\n- blue', '- red\n- green', false],
      ['* red\n* blue\n* green', '- red\n- blue\n- green', false],
      ['```python\nx = 1\n```', '```python\nx = 2\n```', false],
      ['Thus \\boxed{4}', 'Thus \\boxed{5}', false],
      ['The set {a, b} has two elements.', 'The set {a} has one element.', false],
      ['I have a - b = c.', 'I have b - a = c.', false],
      ['B', 'C', false],
      ['(B)', 'B', false],
      ['See [1] for more.', 'See page 1 for more.', false],
      ['It is 3 - 2, which is 1.', 'It is 1.', false],
      ['{"b": 2, "a": 1}', '{\n  "a": 1,\n  "b": 2\n}', false],
      ['He said: - no.', 'He said no.', false],
      ['red, blue and green', 'red, green and blue', false],
      ['The year 1999. It was warm.', 'The year 2000. It was cold.', false],
    ],
    {},
    spaced,
  ),
  pairsByHand(
    'surface',
    [
      ['Paris', 'paris', true],
      ['Paris', 'Paris.', true],
      ['Paris', '  Paris', true],
      ['Paris', '**Paris**', true],
      ['The answer is 18.', 'The answer is 18', true],
      ['the end', 'THE END', true],
      ['One, two, three', 'One two three', true],
      ['one two', 'one  two', true],
      ['one\ntwo', 'one two', true],
      ['"Paris"', 'Paris', true],
      ['yes', 'Yes!', true],
      ['Hello, world', 'Hello world!', true],
      ['# Title\ntext', 'Title\ntext', true],
      ['It is red; it is round.', 'It is red, it is round.', true],
      ['*one*', '_one_', true],
      ['Paris', 'Lyon', false],
      ['18', '81', false],
      ['1.5', '15', false],
      ['-3', '3', false],
      ['The answer is 18.', 'The answer is 19.', false],
      ['one two', 'two one', false],
      ['colour', 'color', false],
      ['It is', 'It is not', false],
      ['a < b', 'a > b', false],
      ['x + y', 'x - y', false],
      ['1,5', '1.5 and more', false],
      ['resume', 'résumé', false],
      ['```\nx=1\n```', '```\nx=2\n```', false],
      ['3/4', '34', false],
      ['50%', '50€', false],
    ],
    {},
    (text) => `So I say: ${text}`,
  ),
];
