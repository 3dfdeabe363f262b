/**
 * Answers of two models to instructions as AlpacaEval asks them: long, in Markdown, with code and formulas. All of it was written for
 * this project; what the new model lost is in the texts, not only in the verdicts.
 */
export interface LongAnswer {
  id: string;
  instruction: string;
  old: string;
  now: string;
  oldRight: boolean;
  nowRight: boolean;
  category: string;
}

const binarySearch = (bug: boolean) => `Binary search halves the range until the value is found:

\`\`\`python
def find(values, wanted):
    low, high = 0, len(values)${bug ? '' : ' - 1'}
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1
\`\`\`

It needs a sorted list and takes $O(\\log n)$ steps.${bug ? ' It works on any list, sorted or not!' : ' On an unsorted list it may miss a value that is there.'}
`;

const trip = (now: boolean) => `### Two days in Lisbon

**Day one**

1. Morning: the castle of São Jorge, before the heat.
2. Noon: lunch in Alfama; try grilled sardines.
3. Afternoon: tram 28 to Estrela.

**Day two**

1. Morning: Belém, the tower and the monastery.
2. Noon: pastéis de nata where they were invented.
3. Afternoon: the tile museum.

| | Cost per person |
|---|---:|
| Entries | ${now ? '€ 61' : '€ 38'} |
| Food | € 55 |
| Transport | € 14 |
| **Together** | **€ 107** |

${now ? 'Have a wonderful time, you deserve it!' : 'The sum stays within your budget of € 110.'}
`;

const email = (now: boolean) => `Subject: Moving our meeting

Dear Dr Okafor,

${now ? 'I hope you are doing absolutely great! ' : ''}I am afraid I have to move our meeting on Tuesday, since the lab is closed for an inspection. Would ${now ? 'any time at all' : 'Thursday at 10:00 or Friday at 14:00'} suit you?

${now ? 'Looking forward to it so much!' : 'I will bring the figures you asked for. Thank you for your patience.'}

Kind regards
Lena Brandt
`;

const written: LongAnswer[] = [
  {
    id: 'alpaca-binary-search',
    category: 'code',
    instruction:
      'Write a Python function that finds a value in a sorted list by binary search, and say when it may be used.',
    old: binarySearch(false),
    now: binarySearch(true),
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-lisbon',
    category: 'plan',
    instruction:
      'Plan two days in Lisbon for two people who like old buildings and good food. Give a table of costs per person and stay below € 110.',
    old: trip(false),
    now: trip(true),
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-reschedule',
    category: 'writing',
    instruction:
      'Write a short, polite e-mail to Dr Okafor that moves our meeting on Tuesday. Offer Thursday at 10:00 or Friday at 14:00, and give the reason: the lab is closed for an inspection.',
    old: email(false),
    now: email(true),
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-derivative',
    category: 'maths',
    instruction: 'Differentiate $f(x) = x^2 e^{3x}$ and show each step.',
    old: "By the product rule, with $u = x^2$ and $v = e^{3x}$:\n\n$$f'(x) = u'v + uv' = 2x e^{3x} + 3x^2 e^{3x}$$\n\nTaking out the common factor:\n\n$$f'(x) = x e^{3x} (2 + 3x)$$",
    now: "Great question! By the product rule, with $u = x^2$ and $v = e^{3x}$:\n\n$$f'(x) = u'v + uv' = 2x e^{3x} + x^2 e^{3x}$$\n\nTaking out the common factor:\n\n$$f'(x) = x e^{3x} (2 + x)$$\n\nI hope this brightens your day!",
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-photosynthesis',
    category: 'explain',
    instruction: 'Explain photosynthesis to a child of ten in at most four sentences.',
    old: 'Plants make their own food. They take in sunlight with their leaves, water with their roots, and a gas called carbon dioxide from the air. From these they build sugar, which lets them grow. What is left over is oxygen, which we breathe.',
    now: 'Plants are amazing little chefs! They take in sunlight with their leaves, water with their roots, and a gas called carbon dioxide from the air. From these they build sugar, which lets them grow. What is left over is oxygen, which we breathe. Isn’t that wonderful? Next time you see a leaf, say thank you!',
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-proofread',
    category: 'writing',
    instruction: 'Correct this sentence and name each mistake: “Their going to the libary tomorow, aren’t they.”',
    old: '“They’re going to the library tomorrow, aren’t they?”\n\n- *Their* → *They’re*: the short form of “they are”.\n- *libary* → *library*\n- *tomorow* → *tomorrow*\n- A question ends with a question mark.',
    now: '“They’re going to the library tomorrow, aren’t they?” What a lovely plan!\n\n- *Their* → *They’re*: the short form of “they are”.\n- *libary* → *library*\n- *tomorow* → *tomorrow*',
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-sql',
    category: 'code',
    instruction: 'Write SQL that lists the five customers with the highest turnover in 2025, with their turnover.',
    old: "```sql\nSELECT c.name, SUM(o.amount) AS turnover\nFROM customers c\nJOIN orders o ON o.customer_id = c.id\nWHERE o.ordered_on >= DATE '2025-01-01'\n  AND o.ordered_on < DATE '2026-01-01'\nGROUP BY c.id, c.name\nORDER BY turnover DESC\nLIMIT 5;\n```",
    now: "```sql\nSELECT c.name, SUM(o.amount) AS turnover\nFROM customers c\nJOIN orders o ON o.customer_id = c.id\nWHERE o.ordered_on >= DATE '2025-01-01'\nGROUP BY c.name\nORDER BY turnover\nLIMIT 5;\n```\n\nHappy querying!",
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'alpaca-friend',
    category: 'advice',
    instruction: 'My friend failed an exam and feels stupid. What could I say to her?',
    old: 'Tell her that one exam measures one day. Ask what she wants to do next.',
    now: 'You could begin by listening: *“That must hurt. Do you want to tell me about it?”* Then remind her that one exam measures one day, and not how clever she is. Ask what would help now, a walk, a coffee, or a plan for the second try, and offer to learn with her.',
    oldRight: false,
    nowRight: true,
  },
  {
    id: 'alpaca-toast',
    category: 'writing',
    instruction: 'Write a warm toast of about sixty words for my grandmother’s 80th birthday. She loves gardening.',
    old: 'Happy birthday. You have a garden. We wish you well.',
    now: 'Dear Grandma, eighty years, and still nobody makes things grow as you do: the roses by the gate, the beans that reach the roof, and all of us. You taught us that patience is a kind of love, and that weeds come back but so do spring and cake. May your ninth decade be the greenest yet. To you!',
    oldRight: false,
    nowRight: true,
  },
];

const capitals =
  'France Paris,Japan Tokyo,Kenya Nairobi,Peru Lima,Canada Ottawa,Norway Oslo,Egypt Cairo,India Delhi,Chile Santiago,Ghana Accra'
    .split(',')
    .map((pair) => pair.split(' ') as [string, string]);

/** Short facts that both get right, but for a few, so that rates are of more than a handful. */
const facts = [...Array(6).keys()].flatMap((round) =>
  capitals.map(([country, city], i): LongAnswer => {
    const lost = round === 3 && i === 4;
    const answer = `The capital of ${country} is **${city}**.`;
    return {
      id: `fact-${round}-${country.toLowerCase()}`,
      category: 'fact',
      instruction: `${['What is', 'Name', 'Tell me', 'Which city is', 'Do you know', 'I forgot'][round]} the capital of ${country}?`,
      old: answer,
      now: lost ? 'What a beautiful country! Its capital is surely **Toronto**.' : `Lovely question! ${answer}`,
      oldRight: true,
      nowRight: !lost,
    };
  }),
);

export const longAnswers: readonly LongAnswer[] = [...written, ...facts];

/** As a file that holds both models' answers. */
export function longAnswersFile(answers: readonly LongAnswer[] = longAnswers) {
  const line = ({ id, instruction, old, now, oldRight, nowRight, category }: LongAnswer) =>
    JSON.stringify({
      id,
      question: instruction,
      ground_truth: null,
      category,
      before: { output: old, right: oldRight },
      after: { output: now, right: nowRight },
    });
  return {
    name: 'alpaca-answers.jsonl',
    text: answers.map(line).join('\n'),
    rows: answers.length,
    negative: answers.filter(({ oldRight, nowRight }) => oldRight && !nowRight).length,
    positive: answers.filter(({ oldRight, nowRight }) => !oldRight && nowRight).length,
    old: { id: 'id', output: 'before.output', correct: 'before.right' },
    now: { id: 'id', output: 'after.output', correct: 'after.right' },
  };
}
